#include "fabric/job/json.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/receipt.hpp"
#include "nodes/cli/submitting.hpp"
#include "nodes/cli/text/batch.hpp"
#include "nodes/cli/text/line_splitter.hpp"
#include "nodes/cli/waiting.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>

namespace fabric::cli {

namespace {

/// Submits the lines of a file in batches. Each batch is stored as a whole or not at all, so that it does no harm to
/// kill this program in the middle.
class file_submission {
public:
  explicit file_submission(session& s) : s_(s), lines_(limits::spec_bytes) {}

  exit_code run(std::FILE* from, std::uint64_t total) {
    total_ = total;
    std::array<char, 65536> piece{};
    while (!stopped_ && !cut_short_) {
      const auto got = std::fread(piece.data(), 1, piece.size(), from);
      if (got == 0) break;
      lines_.feed({piece.data(), got}, [this](numbered_line&& line) { take(std::move(line)); });
    }
    if (std::ferror(from) != 0) {
      s_.failed({errc::io_error, std::strerror(errno), s_.call.job.file});
      code_ = usage;
    }
    lines_.finish([this](numbered_line&& line) { take(std::move(line)); });
    send();
    return finish();
  }

private:
  void take(numbered_line line) {
    if (stopped_) return;
    if (no_room_) return pass_over(line.number);
    if (line.too_long)
      return refuse(line.number, {errc::too_large, "more than " + std::to_string(limits::spec_bytes) + " bytes", ""});
    auto spec = parse_job_spec(line.text);
    if (!spec) return refuse(line.number, spec.error());
    if (!batch_.has_room(*spec)) send();
    if (stopped_) return;
    if (no_room_) return pass_over(line.number);
    batch_.add({line.number, std::move(*spec)});
  }

  void refuse(std::uint64_t line, error why) {
    actors::receipt r;
    r.failure = std::move(why);
    note(line, r);
  }

  void send() {
    if (batch_.empty() || stopped_) return;
    const auto items = batch_.take();
    std::vector<job_spec> specs;
    for (const auto& i : items) specs.push_back(i.spec);
    auto reply = submit_patiently(s_, specs);
    if (!reply) return stop(items, reply.error());
    for (std::size_t i = 0; i < items.size(); ++i) note(items[i].line, reply->items[i]);
    if (const auto* why = no_room_in(*reply)) no_room_ = *why;
    s_.screen.flush();
    s_.screen.progress({"submitted", submitted_ + refused_, total_, refused_, elapsed()});
  }

  /// There was no room for jobs in front of this line, so it is not sent. With --json each such line has its answer;
  /// else one word for all of them is enough.
  void pass_over(std::uint64_t line) {
    auto why = *no_room_;
    why.message = "not sent: " + why.message;
    if (s_.call.json) return refuse(line, std::move(why));
    if (!std::exchange(cut_short_, true))
      s_.screen.notice("line " + std::to_string(line) + " and what follows were not sent: " + no_room_->message);
  }

  void note(std::uint64_t line, const actors::receipt& r) {
    code_ = worse(code_, print_receipt(s_, line, r));
    ++(r.failure ? refused_ : submitted_);
    duplicates_ += r.duplicate ? 1 : 0;
    if (!r.failure && s_.call.job.wait && seen_.insert(r.id).second) ids_.push_back(r.id);
  }

  void stop(const std::vector<batched_spec>& items, const error& why) {
    stopped_ = true;
    code_ = worse(code_, s_.failed(why));
    const auto lines = "lines " + std::to_string(items.front().line) + " to " + std::to_string(items.back().line);
    s_.screen.notice(actors::client::nothing_was_sent(why)
                         ? lines + " and what follows were not submitted"
                         : "whether " + lines + " are stored is not known; what follows was not submitted");
  }

  exit_code finish() {
    s_.screen.clear_progress();
    s_.screen.flush();
    if (!s_.call.json || refused_ > 0)
      s_.screen.notice("submitted " + std::to_string(submitted_) + " jobs, " + std::to_string(duplicates_) +
                       " of them known before, " + std::to_string(refused_) + " lines refused");
    if (ids_.empty() || stopped_) return code_;
    return worse(code_, waiting(s_, std::move(ids_)).run());
  }

  duration elapsed() const { return std::chrono::duration_cast<duration>(std::chrono::steady_clock::now() - started_); }

  session& s_;
  line_splitter lines_;
  batch batch_;
  std::vector<job_id> ids_; ///< To wait for.
  std::unordered_set<job_id> seen_;
  std::uint64_t total_ = 0, submitted_ = 0, duplicates_ = 0, refused_ = 0;
  exit_code code_ = done;
  bool stopped_ = false;
  std::optional<error> no_room_; ///< Why the lines from here on are not sent.
  bool cut_short_ = false;       ///< They are not even read.
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

/// Lines of a file that can be read twice; 0 for a pipe.
std::uint64_t count_lines(std::FILE* file) {
  if (std::fseek(file, 0, SEEK_SET) != 0) return 0;
  std::array<char, 65536> piece{};
  std::uint64_t lines = 0;
  while (const auto got = std::fread(piece.data(), 1, piece.size(), file))
    lines += static_cast<std::uint64_t>(std::count(piece.data(), piece.data() + got, '\n'));
  std::rewind(file);
  return lines;
}

} // namespace

exit_code submit_file(session& s) {
  const auto& name = s.call.job.file;
  if (name == "-") return file_submission(s).run(stdin, 0);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(name.c_str(), "rbe"),
                                                             [](std::FILE* f) { return std::fclose(f); }};
  if (!file) {
    s.failed({errc::io_error, std::strerror(errno), name});
    return usage;
  }
  const auto total = count_lines(file.get());
  return file_submission(s).run(file.get(), total);
}

} // namespace fabric::cli
