#include "nodes/cli/commands.hpp"
#include "nodes/cli/text/parse.hpp"

#include <cstdio>
#include <map>
#include <string>
#include <vector>

/// fabric: the command line of the job fabric.

namespace {

using namespace fabric::cli;

const std::map<std::string, exit_code (*)(session&)> commands{{"submit", submit},
                                                              {"run", run},
                                                              {"wait", wait},
                                                              {"cancel", cancel},
                                                              {"kick", kick},
                                                              {"reset", reset},
                                                              {"show", show},
                                                              {"result", result},
                                                              {"list", list},
                                                              {"logs", logs},
                                                              {"lanes", lanes},
                                                              {"nodes", nodes},
                                                              {"events", events},
                                                              {"pause", pause},
                                                              {"resume", resume},
                                                              {"explain", explain},
                                                              {"reload", reload},
                                                              {"policy", policy},
                                                              {"policy set", policy_set},
                                                              {"drain", drain},
                                                              {"undrain", undrain},
                                                              {"detach", detach},
                                                              {"config check", config_check},
                                                              {"config show", config_show},
                                                              {"store backup", store_backup},
                                                              {"store check", store_check},
                                                              {"store info", store_info},
                                                              {"ca issue", ca_issue},
                                                              {"ca show", ca_show},
                                                              {"ca revoke", ca_revoke},
                                                              {"doctor", doctor},
                                                              {"top", top},
                                                              {"completion", completion}};

} // namespace

int main(int argc, char** argv) {
  auto parsed = parse(std::vector<std::string>(argv + 1, argv + argc));
  if (const auto* text = std::get_if<usage_text>(&parsed)) {
    std::fputs(text->text.c_str(), text->code == 0 ? stdout : stderr);
    return text->code;
  }
  session s(std::move(std::get<invocation>(parsed)));
  return commands.at(s.call.command)(s);
}
