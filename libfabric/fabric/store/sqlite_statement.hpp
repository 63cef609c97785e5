#pragma once

#include "fabric/store/sqlite_connection.hpp"
#include "fabric/time.hpp"

#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace fabric::store {

/// One prepared statement. Failures go to its connection (see sqlite_connection::failed), and nothing runs after one.
/// The connection outlives it.
class sqlite_statement {
public:
  sqlite_statement(sqlite_connection& db, std::string_view sql);
  ~sqlite_statement() { sqlite3_finalize(handle_); }
  sqlite_statement(const sqlite_statement&) = delete;
  sqlite_statement& operator=(const sqlite_statement&) = delete;

  /// Starts anew with these values for ?1, ?2, … Texts must live until the statement ran.
  template <class... Values> sqlite_statement& with(const Values&... values) {
    sqlite3_reset(handle_);
    [[maybe_unused]] int index = 0;
    (bind(++index, values), ...);
    return *this;
  }

  void bind(int index, std::string_view text) {
    sqlite3_bind_text64(handle_, index, text.data() == nullptr ? "" : text.data(), text.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
  }
  void bind(int index, duration d) { bind(index, static_cast<std::int64_t>(d.count())); }
  void bind(int index, time_point t) { bind(index, t.time_since_epoch()); }
  template <class T>
  requires std::integral<T> || std::is_enum_v<T>
  void bind(int index, T number) { sqlite3_bind_int64(handle_, index, static_cast<std::int64_t>(number)); }

  /// Steps once. @returns whether there is a row; after the last one the statement is ready to be used again.
  bool row();

  /// Runs to the end.
  void run() {
    while (row()) {
    }
  }

  /// Ends a query of which not all rows are wanted, and with it its read transaction.
  void stop() { sqlite3_reset(handle_); }

  std::int64_t number(int column) const { return sqlite3_column_int64(handle_, column); }
  template <class T> T as(int column) const {
    if constexpr (std::is_same_v<T, std::string>)
      return text(column);
    else if constexpr (std::is_same_v<T, time_point>)
      return time_point(duration(number(column)));
    else if constexpr (std::is_same_v<T, duration>)
      return duration(number(column));
    else
      return static_cast<T>(number(column));
  }
  std::string text(int column) const;

private:
  sqlite_connection& db_;
  sqlite3_stmt* handle_ = nullptr;
};

} // namespace fabric::store
