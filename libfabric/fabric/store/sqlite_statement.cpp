#include "fabric/store/sqlite_statement.hpp"

namespace fabric::store {

sqlite_statement::sqlite_statement(sqlite_connection& db, std::string_view sql) : db_(db) {
  const int code = sqlite3_prepare_v3(db.raw(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &handle_, nullptr);
  if (code != SQLITE_OK) db.note(code);
}

bool sqlite_statement::row() {
  if (db_.failed()) return false;
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) db_.note(code);
  sqlite3_reset(handle_);
  return false;
}

std::string sqlite_statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

} // namespace fabric::store
