#include "nodes/cli/submitting.hpp"

#include "nodes/cli/text/batch.hpp"

#include <cstddef>

namespace fabric::cli {

namespace {

expected<actors::receipts> send(session& s, const std::vector<job_spec>& specs) {
  const bool repeatable = is_repeatable(specs);
  return s.insist([&] { return s.cell.submit(specs); },
                  [&](const error& e) { return repeatable || actors::client::nothing_was_sent(e); });
}

bool has_no_room(const actors::receipt& r) { return r.failure && is_for_lack_of_room(r.failure->code); }

/// Sends again what was refused for lack of room, and puts the answers where the refusals stood.
void send_rest(session& s, const std::vector<job_spec>& specs, actors::receipts& answers) {
  std::vector<std::size_t> places;
  std::vector<job_spec> rest;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (!has_no_room(answers.items[i])) continue;
    places.push_back(i);
    rest.push_back(specs[i]);
  }
  auto later = send(s, rest);
  for (std::size_t i = 0; i < places.size(); ++i) {
    auto& answer = answers.items[places[i]];
    if (later)
      answer = std::move(later->items[i]);
    else
      answer.failure = later.error();
    if (!has_no_room(answer)) s.found_room();
  }
}

} // namespace

const error* no_room_in(const actors::receipts& all) {
  for (const auto& r : all.items)
    if (has_no_room(r)) return &*r.failure;
  return nullptr;
}

expected<actors::receipts> submit_patiently(session& s, const std::vector<job_spec>& specs) {
  auto answers = send(s, specs);
  if (!answers) return answers;
  while (const auto* why = no_room_in(*answers)) {
    if (!s.wait_for_room(*why)) break;
    send_rest(s, specs, *answers);
  }
  return answers;
}

} // namespace fabric::cli
