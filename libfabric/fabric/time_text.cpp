#include "fabric/time_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace fabric {

std::string format_time(time_point t) {
  using namespace std::chrono;
  constexpr time_point first = sys_days{year{1} / January / 1};
  constexpr time_point last = sys_days{year{9999} / December / 31} + 24h - 1us;
  const auto whole = floor<milliseconds>(std::clamp(t, first, last));
  const auto day = floor<days>(whole);
  const year_month_day date{day};
  const hh_mm_ss clock{whole - day};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text.data();
}

} // namespace fabric
