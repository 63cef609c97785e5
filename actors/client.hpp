#pragma once

#include "fabric/error.hpp"

#include "actors/wire.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The C++ client of a cell: what the command-line program uses and other programs may link (library fabric_client).
/// No word of CAF is needed to use it.
namespace fabric::tls {
class context;
}

namespace fabric::actors {

class client_link;

/// Where the cell is, and how long a client is willing to wait.
struct client_settings {
  std::string host = "127.0.0.1"; ///< A name or an address.
  std::uint16_t port = 7600;
  /// Directory with ca.pem, client.pem and client.key, or a node's data directory. Empty: the one that the variable
  /// FABRIC_TLS names, else ~/.config/fabric/tls, else /var/lib/fabric/tls/client. Read at each connect; what was read
  /// stays in use if the files are gone later.
  std::string tls{};
  duration connect_limit = std::chrono::seconds{2}; ///< For the TCP connection; as much again for each handshake.
  duration answer_limit = std::chrono::seconds{30}; ///< For every answer, beyond the patience of wait and events.
};

/// Asks the scheduler of one cell; every call blocks until the answer is there or a limit has passed.
///
/// Connects at the first call. After a call that failed with errc::unavailable the next one connects anew, so a client
/// outlives restarts of fabricd; it never repeats a call by itself. One thread at a time may use it.
///
/// Errors of every call, beside those of the answer itself:
///   errc::unavailable   the cell cannot be reached, or did not answer: nothing_was_sent() tells which. Also while
///   there
///                       is no certificate to show: a node makes one as it starts.
///   errc::incompatible  it speaks another version of the protocol.
///   errc::not_allowed   one of the two does not believe the other's certificate.
///   errc::not_allowed, errc::bad_input with no_credentials(): the certificate or its key is of no use.
class client {
public:
  explicit client(client_settings how);
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Who is there.
  expected<cell_hello> hello();

  /// Submits at most limits::batch_jobs specs in one durable step; a receipt per spec, in order.
  /// Jobs of the same ordering key run in their order here; behind one that found no room, none of its key is taken.
  /// If no answer came, the jobs may or may not be stored: a caller may repeat the call without fear of doubles only if
  /// every spec has an idempotency key, or if nothing_was_sent().
  expected<receipts> submit(std::vector<job_spec> specs);

  /// Cancels, or puts back, at most limits::batch_jobs jobs; a receipt per id, in order. Safe to repeat.
  expected<receipts> cancel(std::vector<job_id> ids);
  expected<receipts> kick(std::vector<job_id> ids);

  /// Throws away what at most limits::batch_jobs jobs have saved. errc::wrong_state for one that runs.
  expected<receipts> reset(std::vector<job_id> ids);

  /// Rows of at most limits::batch_jobs jobs, in no order; unknown ids are left out.
  expected<std::vector<job>> get(std::vector<job_id> ids);

  /// One page, newest first.
  expected<std::vector<job>> list(store::job_filter filter);

  /// Those of at most limits::batch_jobs jobs that are final, as soon as one is. Empty when none is after `patience`
  /// (at most 30 s), or at once if one of them does not exist.
  expected<std::vector<job>> wait(std::vector<job_id> ids, duration patience);

  /// A job with its attempts, input and result.
  expected<job_details> details(job_id id);

  /// Events after a cursor, as soon as there is one; see get_events.
  expected<std::vector<store::event>> events(const get_events& what);

  /// A piece of an attempt's output.
  expected<log_piece> read_log(const fabric::actors::read_log& what);

  /// Has a lane start nothing until it is resumed, or for `length`. errc::unknown_lane, errc::bad_input.
  expected<void> pause(const pause_lane& what);
  /// errc::unknown_lane; errc::wrong_state if it is not paused.
  expected<void> resume(const std::string& lane);

  /// Why a job does not run, and where its time went. errc::not_found.
  expected<job_explanation> explain(job_id id);

  /// Has the node read its configuration again. The answer may say why all stays as it is.
  expected<change_receipt> reload(bool dry_run);
  expected<change_receipt> set_policy(const fabric::actors::set_policy& what);
  /// The configuration in force.
  expected<config_text> config();

  /// Empties a node's workers and tells what became of their attempts; blocks until then. errc::not_found.
  expected<drain_report> drain(const drain_node& what);
  /// errc::wrong_state if it takes work.
  expected<void> undrain(const std::string& node);
  /// The node exits a moment after it has answered.
  expected<void> detach(const std::string& node);

  /// How far a running attempt says it is; nullopt: nothing is known. @param row its job's.
  expected<std::optional<seen_progress>> progress(const job& row);

  expected<lane_reports> lanes();
  expected<node_reports> nodes();

  /// From now on no call takes longer than this altogether, whatever its own limits say; nullopt: back to those.
  void cap_calls(std::optional<duration> most) { most_ = most; }

  /// Returns "HOST:PORT".
  std::string address() const;

  /// Returns whether the call that failed with `e` ended before anything left this process.
  static bool nothing_was_sent(const error& e);

  /// Returns whether the call failed because the certificate to show, or its key, is there but of no use.
  static bool no_credentials(const error& e);

private:
  template <class Reply, class Request> expected<Reply> call(Request what, duration patience = {});
  template <class Reply, class Request> expected<Reply> call_desk(Request what, duration patience = {});
  template <class Reply> expected<Reply> checked(expected<Reply> reply);
  expected<void> connect();
  expected<void> accept(std::unique_ptr<client_link> link, const cell_hello& there);

  expected<void> identify();

  client_settings how_;
  std::shared_ptr<const tls::context> who_; ///< Null until there were credentials.
  std::optional<duration> most_;            ///< For one call, altogether.
  std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::time_point::max(); ///< Of the call at hand.
  std::unique_ptr<client_link> link_; ///< Null while there is no connection.
};

} // namespace fabric::actors
