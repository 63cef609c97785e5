#pragma once

#include "fabric/config/load.hpp"
#include "fabric/policy/lane_policy.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace fabric::actors {

/// The configuration with which the next incarnation of a child begins. Thread-safe; one writer.
class live_config {
public:
  explicit live_config(config::loaded now) : now_(std::make_shared<const config::loaded>(std::move(now))) {}

  std::shared_ptr<const config::loaded> whole() const {
    const std::lock_guard lock{mutex_};
    return now_;
  }
  std::shared_ptr<const config::root> get() const {
    const auto now = whole();
    return {now, &now->all};
  }
  void set(config::loaded next) {
    auto made = std::make_shared<const config::loaded>(std::move(next));
    const std::lock_guard lock{mutex_};
    now_ = std::move(made);
  }

private:
  mutable std::mutex mutex_;
  std::shared_ptr<const config::loaded> now_;
};

/// Makes the policy that a configuration names.
using make_policy = std::function<std::shared_ptr<policy::lane_policy>(const config::root&)>;

} // namespace fabric::actors
