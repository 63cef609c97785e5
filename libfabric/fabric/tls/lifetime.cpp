#include "fabric/tls/lifetime.hpp"

#include <algorithm>

namespace fabric::tls {

validity validity_from(time_point now, duration length, time_point authority_until) noexcept {
  return {now - clock_slack, std::min(now + length, authority_until)};
}

standing standing_of(const validity& of, time_point now) noexcept {
  if (now < of.from) return standing::not_yet;
  if (now > of.until) return standing::over;
  return of.until - now < (of.until - of.from) / 3 ? standing::near_end : standing::good;
}

std::string_view to_string(standing how) noexcept {
  switch (how) {
  case standing::good: return "good";
  case standing::near_end: return "ends soon";
  case standing::over: return "has expired";
  case standing::not_yet: return "not yet valid";
  }
  return "has expired";
}

} // namespace fabric::tls
