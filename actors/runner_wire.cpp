#include "actors/runner_wire.hpp"

#include "fabric/exec/link.hpp"

namespace fabric::actors {

namespace {

/// The real one.
class socket_wire final : public runner_wire {
public:
  explicit socket_wire(std::unique_ptr<exec::runner_link> link) : link_(std::move(link)) {}
  void send(const exec::to_runner& what) override { link_->send(what); }
  void flush() override { link_->flush(); }

private:
  std::unique_ptr<exec::runner_link> link_;
};

} // namespace

expected<std::unique_ptr<runner_wire>> connect_wire(const std::string& socket, runner_wire::callback on_frames) {
  auto made = exec::runner_link::connect(socket, std::move(on_frames));
  if (!made) return tl::unexpected{made.error()};
  return std::make_unique<socket_wire>(std::move(*made));
}

} // namespace fabric::actors
