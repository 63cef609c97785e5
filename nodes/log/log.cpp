#include "nodes/log/log.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace fabric::nodes {

namespace {

std::string_view text_of(const spdlog::details::log_msg& msg) { return {msg.payload.data(), msg.payload.size()}; }

/// The message as a JSON string, quotes included: %j.
class json_text : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg& msg, const std::tm&, spdlog::memory_buf_t& out) override {
    const auto text = nlohmann::json(text_of(msg)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<json_text>(); }
};

/// The message with control characters made visible, so that nobody can forge a line: %q.
class safe_text : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg& msg, const std::tm&, spdlog::memory_buf_t& out) override {
    for (const char c : text_of(msg)) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && byte != 0x7f)
        out.push_back(c);
      else
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<safe_text>(); }
};

} // namespace

std::shared_ptr<spdlog::logger> make_log(const config::logging& how) {
  auto log = std::make_shared<spdlog::logger>("fabric", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<json_text>('j').add_flag<safe_text>('q');
  formatter->set_pattern(how.format == "json" ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%j})"
                                              : "%Y-%m-%d %H:%M:%S.%e %l: %q");
  log->set_formatter(std::move(formatter));
  log->set_level(spdlog::level::from_str(how.level));
  log->flush_on(spdlog::level::trace);
  return log;
}

} // namespace fabric::nodes
