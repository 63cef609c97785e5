#include "actors/client.hpp"

#include "fabric/tls/dial.hpp"

#include "actors/client_link.hpp"
#include "actors/inspect.hpp"
#include "actors/messages.hpp"

#include <type_traits>
#include <utility>

namespace fabric::actors {

namespace {

constexpr int connect_tries = 3;
constexpr std::string_view not_connected = "connect"; ///< In error::where: nothing was sent.
constexpr std::string_view not_identified = "tls";    ///< In error::where: no certificate or key.

constexpr duration slow_answer = 30s;  ///< More for answers that wait for many.
constexpr duration longest_drain = 1h; ///< See scheduler/node_orders.hpp.

/// The failure inside of an answer, if its kind can carry one. What changes and drains did is told beside it.
template <class Reply> std::optional<error> failure_in(const Reply& reply) {
  if constexpr (std::is_same_v<Reply, change_receipt> || std::is_same_v<Reply, drain_report>)
    return std::nullopt;
  else if constexpr (requires { reply.failure; })
    return reply.failure;
  else
    return std::nullopt;
}

} // namespace

client::client(client_settings how) : how_(std::move(how)) {}
client::~client() = default;

std::string client::address() const {
  const bool v6 = how_.host.find(':') != std::string::npos;
  return (v6 ? "[" + how_.host + "]" : how_.host) + ":" + std::to_string(how_.port);
}

bool client::nothing_was_sent(const error& e) { return e.code == errc::unavailable && e.where == not_connected; }

bool client::no_credentials(const error& e) { return e.where == not_identified; }

expected<void> client::identify() {
  const auto found = tls::find_client_credentials(tls::client_places(tls::here(how_.tls)));
  auto made = found ? tls::context::make(*found) : tl::unexpected{found.error()};
  if (made) who_ = std::move(*made);
  if (who_) return {};
  if (made.error().code != errc::not_found)
    return fail(made.error().code, made.error().message, std::string(not_identified));
  // It may come: a node makes one as it starts.
  return fail(errc::unavailable, made.error().message +
                                     "; a scheduler's node has one for its host in its data directory, "
                                     "which --tls DIR or FABRIC_TLS may name");
}

expected<void> client::connect() {
  const auto unreachable = [this](const error& why) {
    const auto code = why.code == errc::not_allowed ? why.code : errc::unavailable;
    return fail(code, "cannot reach " + address() + ": " + why.message, std::string(not_connected));
  };
  if (auto ok = identify(); !ok) return no_credentials(ok.error()) ? ok : unreachable(ok.error());
  error last;
  for (int i = 0; i < connect_tries; ++i) {
    auto made = tls::dial(who_, how_.host, how_.port, within(how_.connect_limit, end_));
    if (!made) return unreachable(made.error());
    // CAF may cut a connection in which one of its ticks fell into the handshake; then nobody answers.
    auto link = client_link::connect(who_, std::move(*made), within(how_.connect_limit, end_));
    auto there =
        link ? (*link)->call<cell_hello>(get_hello{}, within(how_.connect_limit, end_)) : tl::unexpected{link.error()};
    if (there) return accept(std::move(*link), *there);
    last = there.error();
  }
  return unreachable(last);
}

expected<void> client::accept(std::unique_ptr<client_link> link, const cell_hello& there) {
  if (there.protocol != cell_hello{}.protocol)
    return fail(errc::incompatible, address() + " speaks protocol " + std::to_string(there.protocol) +
                                        ", this program protocol " + std::to_string(cell_hello{}.protocol));
  link_ = std::move(link);
  return {};
}

template <class Reply, class Request> expected<Reply> client::call(Request what, duration patience) {
  end_ = most_ ? call_end::clock::now() + *most_ : call_end::max();
  if (!link_)
    if (auto ok = connect(); !ok) return tl::unexpected{std::move(ok.error())};
  return checked(link_->call<Reply>(std::move(what), within(how_.answer_limit + patience, end_)));
}

/// The desk may be another actor than a moment ago, so it is asked for each time.
template <class Reply, class Request> expected<Reply> client::call_desk(Request what, duration patience) {
  auto found = call<desk_found>(find_desk{});
  if (!found) return tl::unexpected{std::move(found.error())};
  if (!found->desk) return fail(errc::unavailable, "the part of the fabric that takes orders is restarting");
  const auto desk = caf::actor_cast<desk_face_actor>(found->desk);
  return checked(link_->call_on<Reply>(desk, std::move(what), within(how_.answer_limit + patience, end_)));
}

template <class Reply> expected<Reply> client::checked(expected<Reply> reply) {
  if (!reply) {
    link_.reset(); // The next call finds out whether somebody is there.
    return fail(errc::unavailable, address() + " did not answer: " + reply.error().message, "answer");
  }
  if (auto failure = failure_in(*reply)) return tl::unexpected{std::move(*failure)};
  return reply;
}

expected<cell_hello> client::hello() { return call<cell_hello>(get_hello{}); }

expected<receipts> client::submit(std::vector<job_spec> specs) {
  const auto asked = specs.size();
  auto reply = call<receipts>(submit_jobs{std::move(specs)});
  if (reply && reply->items.size() != asked)
    return fail(errc::incompatible, "a receipt per job was asked for, and another number came");
  return reply;
}

expected<receipts> client::cancel(std::vector<job_id> ids) { return call<receipts>(cancel_jobs{std::move(ids)}); }

expected<receipts> client::kick(std::vector<job_id> ids) { return call<receipts>(kick_jobs{std::move(ids)}); }

expected<receipts> client::reset(std::vector<job_id> ids) { return call<receipts>(reset_jobs{std::move(ids)}); }

expected<std::vector<job>> client::get(std::vector<job_id> ids) {
  return call<job_page>(get_jobs{std::move(ids)}).map([](job_page&& page) { return std::move(page.jobs); });
}

expected<std::vector<job>> client::list(store::job_filter filter) {
  return call<job_page>(list_jobs{std::move(filter)}).map([](job_page&& page) { return std::move(page.jobs); });
}

expected<std::vector<job>> client::wait(std::vector<job_id> ids, duration patience) {
  return call<job_page>(wait_jobs{std::move(ids), patience}, patience).map([](job_page&& page) {
    return std::move(page.jobs);
  });
}

expected<job_details> client::details(job_id id) { return call<job_details>(get_details{id}); }

expected<std::vector<store::event>> client::events(const get_events& what) {
  return call<event_page>(what, what.patience).map([](event_page&& page) { return std::move(page.events); });
}

expected<log_piece> client::read_log(const fabric::actors::read_log& what) { return call<log_piece>(what); }

expected<void> client::pause(const pause_lane& what) {
  return call_desk<order_receipt>(what).map([](order_receipt&&) {});
}

expected<void> client::resume(const std::string& lane) {
  return call_desk<order_receipt>(resume_lane{lane}).map([](order_receipt&&) {});
}

expected<job_explanation> client::explain(job_id id) { return call_desk<job_explanation>(explain_job{id}); }

expected<change_receipt> client::reload(bool dry_run) {
  return call_desk<change_receipt>(reload_config{dry_run}, slow_answer);
}

expected<change_receipt> client::set_policy(const fabric::actors::set_policy& what) {
  return call_desk<change_receipt>(what, slow_answer);
}

expected<config_text> client::config() { return call_desk<config_text>(get_config{}); }

expected<drain_report> client::drain(const drain_node& what) {
  return call_desk<drain_report>(what, what.length.value_or(longest_drain));
}

expected<void> client::undrain(const std::string& node) {
  return call_desk<order_receipt>(undrain_node{node}).map([](order_receipt&&) {});
}

expected<void> client::detach(const std::string& node) {
  return call_desk<order_receipt>(detach_node{node}).map([](order_receipt&&) {});
}

expected<std::optional<seen_progress>> client::progress(const job& row) {
  return call_desk<progress_report>(get_progress{row.node, row.lane, row.fence}).map([](progress_report&& said) {
    return std::move(said.seen);
  });
}

expected<lane_reports> client::lanes() { return call<lane_reports>(get_lanes{}); }

expected<node_reports> client::nodes() { return call<node_reports>(get_nodes{}); }

} // namespace fabric::actors
