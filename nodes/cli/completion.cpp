#include "nodes/cli/commands.hpp"
#include "nodes/cli/text/parse.hpp"

namespace fabric::cli {

exit_code completion(session& s) {
  s.screen.write(completion_script());
  return done;
}

} // namespace fabric::cli
