#include "nodes/cli/text/parse_authority.hpp"

#include "nodes/cli/text/parse_tools.hpp"
#include "nodes/cli/text/parse_words.hpp"

namespace fabric::cli {

namespace {

constexpr duration shortest = 1min;

complaint read_length(const std::string& text, duration& into) {
  std::optional<duration> length;
  if (auto wrong = read_duration(text, length)) return wrong;
  if (*length < shortest || *length > tls::authority_length) return "from 1m to 3650d";
  into = *length;
  return {};
}

} // namespace

void add_authority(CLI::App& app, invocation& into) {
  auto& ca =
      *app.add_subcommand("ca", "The certificates of a cell, on its scheduler's host; whether fabricd runs or not");
  ca.require_subcommand(1);
  auto& issue = *ca.add_subcommand("issue", "Make a certificate and key for another node, or for a client, in a new "
                                            "directory that is then brought there");
  issue.add_option("NAME", into.tool.name, "Name of the node, or of whoever is the client")->required()->type_name("");
  issue.add_flag("--client", into.tool.is_client, "For a client: it may submit and operate, but not be a node");
  issue.add_option("--out", into.tool.out, "The directory; it must not exist (default: the name)")->type_name("DIR");
  add_parsed(
      issue, "--for", [&into](const std::string& t) { return read_length(t, into.tool.length); },
      "How long it is good (default 365d)");
  add_place(issue, into.tool);
  add_place(*ca.add_subcommand("show", "All certificates that were issued, and until when they are good"), into.tool);
  auto& revoke = *ca.add_subcommand("revoke", "Let nobody in any more who has a certificate with this name or number");
  revoke.add_option("NAME", into.tool.name, "Its name, or its serial number")->required()->type_name("");
  add_place(revoke, into.tool);
}

} // namespace fabric::cli
