#include "nodes/cli/text/parse.hpp"

#include "nodes/cli/text/completion.hpp"
#include "nodes/cli/text/exit_code.hpp"
#include "nodes/cli/text/parse_authority.hpp"
#include "nodes/cli/text/parse_orders.hpp"
#include "nodes/cli/text/parse_tools.hpp"
#include "nodes/cli/text/parse_words.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <set>

namespace fabric::cli {

namespace {

constexpr std::uint64_t list_default = 50;
constexpr std::uint64_t events_default = 100;
constexpr std::uint64_t events_max = 1000;

constexpr const char* ndjson_help =
    "With --json: objects with a fixed set of keys, one per line where there can be several.";

complaint read_label(const std::string& text, std::map<std::string, std::string>& into) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) return "\"" + text + "\" is not KEY=VALUE";
  const bool fresh = into.emplace(text.substr(0, equals), text.substr(equals + 1)).second;
  return fresh ? complaint{} : "label \"" + text.substr(0, equals) + "\" is given twice";
}

/// The program's options and subcommands, which write into `out`.
class grammar {
public:
  explicit grammar(invocation& out) : out_(out), app_("The command line of the job fabric.", "fabric") {
    app_.set_version_flag("--version", std::string(FABRIC_BUILD));
    app_.footer(std::string(exit_code_help) + "\n" + ndjson_help +
                "\nDurations are written 300ms, 60s, 5m, 2h or 7d. NO_COLOR turns colours off.");
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.add_option("--node", node_, "The fabric's HOST:PORT (default 127.0.0.1:7600)")->envname("FABRIC_NODE");
    app_.add_option("--tls", out_.tls,
                    "Directory of this client's certificate (default: FABRIC_TLS, else ~/.config/fabric/tls, else "
                    "/var/lib/fabric/tls/client)")
        ->type_name("DIR");
    app_.add_flag("--json", out_.json, "Print JSON");
    add_jobs();
    add_questions();
    add_orders(app_, out_);
    add_node_orders(app_, out_);
    add_config();
    add_tools(app_, out_);
    add_authority(app_, out_);
  }

  CLI::App& app() { return app_; }

  /// What no single option can know. Returns an empty text if all is well.
  std::string finish() {
    for (auto* sub : app_.get_subcommands()) {
      out_.command = sub->get_name();
      for (auto* deeper : sub->get_subcommands()) out_.command += " " + deeper->get_name();
    }
    if (out_.command == "submit" && out_.job.file.empty() == out_.job.spec.job_class.empty())
      return "submit needs either a CLASS or --file";
    if (out_.command == "submit" && !out_.job.file.empty() && single_options_)
      return "--file names everything about its jobs: leave out --input, --priority and the like";
    if (input_given_ && out_.job.input.empty()) return "--input must not be empty: leave it out for null";
    if ((out_.command == "submit" || out_.command == "run") && out_.timeout && !out_.job.wait)
      return "--timeout only goes with --wait";
    if (out_.chosen.limit == 0) out_.chosen.limit = out_.command == "events" ? events_default : list_default;
    if (auto wrong = check_tools(out_); !wrong.empty()) return wrong;
    std::set<job_id> seen;
    std::erase_if(out_.ids, [&](job_id id) { return !seen.insert(id).second; });
    return read_node();
  }

private:
  /// Only for commands that connect: neither --help nor `config check` minds a bad FABRIC_NODE.
  std::string read_node() {
    if (out_.command == "config check" || is_local_tool(out_)) return {};
    auto node = config::parse_endpoint(node_);
    if (!node) return "--node, or FABRIC_NODE: " + node.error().message;
    out_.node = *node;
    return {};
  }

  CLI::App& add(const char* name, const char* help) { return *app_.add_subcommand(name, help); }

  void add_ids(CLI::App& sub, bool several) {
    auto* ids = sub.add_option("ID", out_.ids, "Number of the job")->required()->check(CLI::Range(1UL, ~0UL >> 1));
    ids->type_name("");
    if (!several) ids->expected(1);
  }

  void add_ids_or_selection(CLI::App& sub) {
    add_ids(sub, true);
    sub.get_option("ID")->required(false);
    add_bulk(sub, out_);
  }

  void add_waiting(CLI::App& sub, const char* timeout_help) {
    add_parsed(
        sub, "--timeout", [this](const std::string& t) { return read_duration(t, out_.timeout); }, timeout_help);
    add_patience(sub, sub.get_name() == "wait" ? "" : "; if given, also while it has no room");
  }

  void add_patience(CLI::App& sub, const std::string& extra = {}) {
    add_parsed(
        sub, "--patience", [this](const std::string& t) { return read_duration(t, out_.patience); },
        "Go on for this long while the fabric cannot be reached (default 60s once it was reached)" + extra);
  }

  void add_raw(CLI::App& sub) {
    sub.add_flag("--raw", out_.raw, "On a terminal too, write output as it is, with what may steer the terminal");
  }

  /// Options of a job given on the command line.
  void add_spec(CLI::App& sub) {
    auto& spec = out_.job.spec;
    const auto one = [this](CLI::Option* option) {
      option->each([this](const std::string&) { single_options_ = true; });
    };
    one(sub.add_option("--priority", spec.priority, "0 is the most urgent (default 1024)"));
    one(add_parsed(
        sub, "--delay",
        [this](const std::string& text) {
          std::optional<duration> delay;
          auto wrong = read_duration(text, delay);
          if (delay) out_.job.spec.delay = *delay;
          return wrong;
        },
        "Not before this long from now"));
    one(sub.add_option("--lane", spec.lane, "Begin in this lane, whatever the policy says"));
    one(sub.add_option("--idempotency-key", spec.idempotency_key, "At most one job per class has this key"));
    one(sub.add_option("--ordering-key", spec.ordering_key,
                       "Jobs of the same key run one after the other, as they were submitted"));
    one(sub.add_option("--max-attempts", spec.max_attempts, "Failures until it is buried (default: the class's)"));
    one(sub.add_option("--owner", spec.owner, "Whose job it is"));
    one(sub.add_option_function<std::vector<std::string>>(
               "--label",
               [this](const std::vector<std::string>& all) {
                 for (const auto& text : all)
                   if (auto wrong = read_label(text, out_.job.spec.labels))
                     throw CLI::ValidationError("--label", *wrong);
               },
               "KEY=VALUE, as often as needed")
            ->expected(1)
            ->take_all());
    sub.add_flag("--wait", out_.job.wait, "Wait until it has ended");
    add_waiting(sub, "With --wait: wait this long at most");
  }

  void add_jobs() {
    auto& submit = add("submit", "Submit a job, or many from a file; prints their numbers");
    submit.add_option("CLASS", out_.job.spec.job_class, "Class of the job");
    submit.add_option("--input", out_.job.input, "JSON, @FILE, or - for stdin (default null)")
        ->each([this](const std::string&) { input_given_ = single_options_ = true; });
    submit.add_option("--file", out_.job.file, "A submission in JSON per line; - for stdin");
    add_spec(submit);
    auto& run = add("run", "Run a command as a job, if the operator allows it: fabric run [OPTIONS] -- ARGV...");
    add_raw(run);
    run.add_option("ARGV", out_.job.argv, "The command, behind --")->required();
    add_spec(run);
    auto& wait = add("wait", "Wait until jobs have ended; prints each as it ends");
    add_ids(wait, true);
    add_waiting(wait, "Wait this long at most");
    add_ids(add("reset", "Throw away what jobs that do not run have saved: they start over"), true);
    add_ids_or_selection(add("cancel", "Cancel jobs; running ones are asked to stop"));
    add_ids_or_selection(add("kick", "Put buried jobs back"));
  }

  void add_questions() {
    add_ids(add("show", "Everything about a job, and why it does not run"), false);
    add_ids(add("result", "Print a job's result"), false);
    auto& list = add("list", "List jobs, newest first");
    add_parsed(
        list, "--state", [this](const std::string& t) { return read_states(t, out_.chosen.states); },
        "Only these, separated by commas");
    list.add_option("--lane", out_.chosen.lane, "Only this lane");
    list.add_option("--class", out_.chosen.job_class, "Only this class");
    list.add_option("--limit", out_.chosen.limit, "At most this many (default 50)")->check(CLI::Range(1UL, ~0UL >> 1));
    list.add_option("--after", out_.chosen.after, "Go on behind this job: only smaller numbers");
    auto& logs = add("logs", "Print what a job wrote to stdout");
    add_ids(logs, false);
    logs.add_flag("-f,--follow", out_.follow, "Go on until the job has ended, over all its attempts");
    add_raw(logs);
    logs.add_flag("--stderr", out_.from_stderr, "What it wrote to stderr");
    logs.add_option("--attempt", out_.attempt, "Which attempt (default: the newest)")->check(CLI::Range(1U, ~0U));
    add_patience(logs);
    add("lanes", "Lanes, their slots and counts");
    add("nodes", "Nodes, their workers and what they hold");
    auto& events = add("events", "The log of what the fabric did");
    events.add_flag("-f,--follow", out_.follow, "Go on as it grows");
    events.add_option("--after", out_.chosen.after, "Only those behind this number");
    events.add_option("--limit", out_.chosen.limit, "At most this many at first (default 100)")
        ->check(CLI::Range(std::uint64_t{1}, events_max));
    add_patience(events);
  }

  void add_config() {
    auto& config = add("config", "About configuration files");
    config.require_subcommand(1);
    add_config_show(config, out_);
    auto& check = *config.add_subcommand("check", "Name everything that is wrong with a file, by line");
    check.add_option("FILE", out_.path, "The configuration")->required();
  }

  invocation& out_;
  CLI::App app_;
  std::string node_ = "127.0.0.1:7600";
  bool input_given_ = false;
  bool single_options_ = false; ///< Of a job given on the command line.
};

} // namespace

std::variant<invocation, usage_text> parse(std::vector<std::string> words) {
  invocation out;
  grammar words_of(out);
  // Everything behind "--" is the command of `run`, whatever it looks like.
  std::vector<std::string> tail;
  if (const auto mark = std::find(words.begin(), words.end(), "--");
      mark != words.end() && std::find(words.begin(), mark, "run") != mark) {
    tail.assign(std::next(mark), words.end());
    words.erase(mark, words.end());
    if (!tail.empty()) words.emplace_back("ARGV"); // Stands for it, so that CLI11 reads none of it.
  }
  try {
    std::reverse(words.begin(), words.end()); // As CLI11 wants them.
    words_of.app().parse(std::move(words));
  } catch (const CLI::ParseError& e) {
    std::ostringstream text, complaint_text;
    const int code = words_of.app().exit(e, text, complaint_text);
    return usage_text{code == 0 ? done : usage, text.str() + complaint_text.str()};
  }
  if (auto wrong = words_of.finish(); !wrong.empty()) return usage_text{usage, wrong + "\nRun with --help for more.\n"};
  if (!tail.empty() && out.command != "run") return usage_text{usage, "only run takes words behind --\n"};
  if (!tail.empty()) out.job.argv = std::move(tail);
  return out;
}

std::string completion_script() {
  invocation ignored;
  return bash_completion(grammar(ignored).app());
}

} // namespace fabric::cli
