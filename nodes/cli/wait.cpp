#include "nodes/cli/commands.hpp"
#include "nodes/cli/waiting.hpp"

namespace fabric::cli {

exit_code wait(session& s) { return waiting(s, s.call.ids).run(); }

} // namespace fabric::cli
