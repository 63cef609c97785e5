#include "actors/tls_transport.hpp"

#include "actors/system.hpp"
#include "actors/tls_wire.hpp"

#include <caf/actor_registry.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor_impl.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/doorman_impl.hpp>
#include <caf/io/network/interfaces.hpp>
#include <caf/io/network/stream_impl.hpp>

#include <sys/socket.h>

namespace fabric::actors {

namespace {

namespace net = caf::io::network;

/// Longest message that a peer may announce: CAF would make room for 4 GiB at its word.
constexpr std::size_t message_bytes_max = std::size_t{256} << 20;

constexpr duration look_interval = 1s;

net::default_multiplexer& multiplexer_of(caf::actor_system& sys) {
  return static_cast<net::default_multiplexer&>(sys.middleman().backend());
}

/// How CAF's streams read and write.
class tls_policy {
public:
  tls_policy(std::unique_ptr<tls::session> session, std::shared_ptr<tls_wire> wire, bool proved)
      : session_(std::move(session)), wire_(std::move(wire)), proved_(proved) {}

  net::rw_state read_some(std::size_t& moved, int socket, void* into, std::size_t room) {
    const auto how = session_->read(into, room, moved);
    if (how == tls::step::done && !proved_) {
      proved_ = true;
      wire_->forget(socket);
    }
    if (how == tls::step::failed) return failed(socket);
    if (how == tls::step::want_read && !session_->established()) return net::rw_state::want_read;
    return net::rw_state::success; // With no bytes: later. CAF tries again what could not be written before.
  }

  net::rw_state write_some(std::size_t& moved, int socket, const void* from, std::size_t size) {
    switch (session_->write(from, size, moved)) {
    case tls::step::done: return size == 0 ? net::rw_state::indeterminate : net::rw_state::success;
    case tls::step::want_read: return net::rw_state::want_read;
    case tls::step::want_write: return net::rw_state::success; // Called again when the socket can be written.
    case tls::step::failed: break;
    }
    return failed(socket);
  }

  bool must_read_more(int, std::size_t threshold) const { return session_->pending() >= threshold; }

private:
  net::rw_state failed(int socket) {
    if (!proved_) wire_->refuse(socket, session_->failure());
    proved_ = true; // Once.
    return net::rw_state::failure;
  }

  std::unique_ptr<tls::session> session_;
  std::shared_ptr<tls_wire> wire_;
  bool proved_;
};

/// One connection, as CAF's brokers see it.
class tls_scribe : public caf::io::scribe {
public:
  tls_scribe(net::default_multiplexer& mpx, int socket, std::unique_ptr<tls::session> session,
             std::shared_ptr<tls_wire> wire, bool dialled_by_us)
      : scribe(net::conn_hdl_from_socket(socket)), has_begun_(dialled_by_us), session_(*session),
        stream_(mpx, socket, std::move(session), std::move(wire), dialled_by_us) {}

  void configure_read(caf::io::receive_policy::config how) override {
    if (how.second > message_bytes_max) {
      ::shutdown(stream_.fd(), SHUT_RDWR);
      return;
    }
    stream_.configure_read(how);
    if (!launched_) launch();
  }

  void ack_writes(bool enable) override { stream_.ack_writes(enable); }
  caf::byte_buffer& wr_buf() override { return stream_.wr_buf(); }
  caf::byte_buffer& rd_buf() override { return stream_.rd_buf(); }
  void flush() override { stream_.flush(this); }
  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }

  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }

  /// Whom its certificate names, rather than where it is: see dialer().
  std::string addr() const override {
    if (session_.established()) return to_text(session_.peer());
    const auto found = net::remote_addr_of_fd(stream_.fd());
    return found ? *found : std::string{};
  }

  std::uint16_t port() const override {
    const auto found = net::remote_port_of_fd(stream_.fd());
    return found ? *found : std::uint16_t{0};
  }

private:
  void launch() {
    launched_ = true;
    stream_.start(this);
    if (!has_begun_) return;
    // The other side's first words may have been received already; then the socket itself has nothing to tell.
    stream_.backend().post([self = caf::intrusive_ptr<tls_scribe>{this}] {
      if (!self->detached()) self->stream_.handle_event(net::operation::read);
    });
  }

  bool launched_ = false;
  bool has_begun_;
  const tls::session& session_; ///< The stream's.
  net::stream_impl<tls_policy> stream_;
};

/// One port that can be dialled.
class tls_doorman : public net::doorman_impl {
public:
  tls_doorman(net::default_multiplexer& mpx, int socket, std::shared_ptr<tls_wire> wire)
      : doorman_impl(mpx, socket), wire_(std::move(wire)) {}

  bool new_connection() override {
    if (detached()) return false;
    exec::unique_fd socket{acceptor_.accepted_socket()};
    static_cast<void>(net::nonblocking(socket.get(), true));
    auto session = tls::session::make(wire_->who(), socket.get(), tls::side::is_dialled);
    if (!session) return false;
    auto& mpx = acceptor_.backend();
    const int number = socket.release(); // The scribe's now.
    auto made = caf::make_counted<tls_scribe>(mpx, number, std::move(session), wire_, false);
    const auto handle = made->hdl();
    wire_->expect_proof(number, made, tls_wire::clock::now());
    parent()->add_scribe(std::move(made));
    return doorman::new_connection(&mpx, handle);
  }

private:
  std::shared_ptr<tls_wire> wire_;
};

/// Takes what CAF's own middleman takes: connect, publish, unpublish.
class tls_middleman : public caf::io::middleman_actor_impl {
public:
  tls_middleman(caf::actor_config& cfg, caf::actor broker, std::shared_ptr<tls_wire> wire)
      : middleman_actor_impl(cfg, std::move(broker)), wire_(std::move(wire)) {}

  const char* name() const override { return "fabric.tls"; }

protected:
  caf::expected<caf::io::scribe_ptr> connect(const std::string& host, std::uint16_t port) override {
    auto made = wire_->connection_to(host, port);
    if (!made) return caf::make_error(caf::sec::cannot_connect_to_node, made.error().message);
    const int socket = made->socket.release();
    return caf::make_counted<tls_scribe>(multiplexer_of(system()), socket, std::move(made->tls), wire_, true);
  }

  caf::expected<caf::io::doorman_ptr> open(std::uint16_t port, const char* address, bool reuse) override {
    auto socket = net::new_tcp_acceptor_impl(port, address, reuse);
    if (!socket) return std::move(socket.error());
    if (!std::exchange(looks_, true)) look_later();
    return caf::make_counted<tls_doorman>(multiplexer_of(system()), *socket, wire_);
  }

private:
  void look_later() {
    run_delayed(look_interval, [this] {
      multiplexer_of(system()).post([wire = wire_] { wire->look(tls_wire::clock::now()); });
      look_later();
    });
  }

  std::shared_ptr<tls_wire> wire_;
  bool looks_ = false;
};

constexpr const char* registered_as = "fabric.tls";

/// An exception in a handler of CAF's broker (a failed allocation, a frame that it did not expect) ends it, and with it
/// all remoting of the process for good: https://github.com/actor-framework/actor-framework/issues/1351.
void watch(const caf::actor& part, const char* name, const network_end_callback& ended) {
  part->attach_functor([name, ended](const caf::error& why) { ended(std::string{name} + ": " + caf::to_string(why)); });
}

} // namespace

tls_transport::tls_transport(caf::actor_system& sys, tls::context_ptr who, tls_limits limits, refusal_callback told,
                             const network_end_callback& ended)
    : sys_(sys), wire_(std::make_shared<tls_wire>(std::move(who), limits, std::move(told))) {
  auto broker = sys.middleman().named_broker<caf::io::basp_broker>("BASP");
  if (ended) watch(broker, "CAF's broker", ended);
  actor_ = sys.spawn<tls_middleman, caf::detached + caf::hidden>(std::move(broker), wire_);
  if (ended) watch(caf::actor_cast<caf::actor>(actor_), "the transport", ended);
  sys.registry().put(registered_as, caf::actor_cast<caf::strong_actor_ptr>(actor_));
}

tls_transport::~tls_transport() {
  sys_.registry().erase(registered_as);
  multiplexer_of(sys_).post([wire = wire_] { wire->close(); });
  caf::scoped_actor self{sys_, true};
  self->send_exit(actor_, caf::exit_reason::kill);
  self->wait_for(actor_);
}

void tls_transport::use(tls::context_ptr who) { wire_->use(std::move(who)); }

void tls_transport::lend(const std::string& host, std::uint16_t port, tls::connection made) {
  wire_->lend(host, port, std::move(made));
}

caf::io::middleman_actor dialer(caf::actor_system& sys) {
  return caf::actor_cast<caf::io::middleman_actor>(sys.registry().get<caf::strong_actor_ptr>(registered_as));
}

} // namespace fabric::actors
