#include "fabric/handlers/job_context.hpp"
#include "fabric/handlers/thread_group.hpp"
#include "fabric/job/limits.hpp"
#include "fabric/job/strict_json.hpp"

namespace fabric::handlers {

namespace {

/// A result must be JSON that everybody can read again: that is checked as for a process.
void take_result(const nlohmann::json& value, returned& end) {
  if (value.is_null()) {
    end.text = "null";
    return;
  }
  try {
    auto checked = compact_json(value.dump(), {limits::result_bytes, limits::json_depth});
    if (checked) return void(end.text = std::move(*checked));
    end.text = checked.error().code == errc::too_large ? "it is over 1 MiB" : render(checked.error());
  } catch (const nlohmann::json::exception& e) { // A text in it is not UTF-8.
    end.text = e.what();
  }
  end.how = returned::way::bad_result;
}

void run_handler(const handler& what, running& run, returned& end) {
  job_context context{run};
  try {
    take_result(what(context), end);
  } catch (const checkpoint_saved& e) {
    end.how = returned::way::checkpoint;
    end.text = e.what();
  } catch (const std::exception& e) {
    end.how = returned::way::threw;
    end.text = e.what();
  } catch (...) {
    end.how = returned::way::threw;
    end.text = "an exception without a word";
  }
}

} // namespace

returned call(const handler& what, running& run) {
  returned end;
  end.fence = run.what.fence;
  run_handler(what, run, end);
  end.saved = run.saved || end.how == returned::way::checkpoint;
  auto said = run.listen();
  end.progress = std::move(said.state);
  end.progress_at = said.at;
  return end;
}

} // namespace fabric::handlers
