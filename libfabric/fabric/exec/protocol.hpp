#pragma once

#include "fabric/error.hpp"
#include "fabric/job/attempt_end.hpp"
#include "fabric/job/job.hpp"
#include "fabric/node/attempt_limits.hpp"
#include "fabric/node/orders.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// What fabricd and fabric-runner say to each other over the runner's Unix stream socket (0600, SO_PEERCRED checked:
/// same uid). A frame is a u32 length (little endian, at most 4 MiB) and a MessagePack array [name, body].
///
/// The runner serves one fabricd at a time; a newer connection replaces the older. Its first frame is `hello`, then
/// one `ended` for every finished attempt not yet forgotten, one `leaked` for every slot that is and one `progressed`
/// for every attempt that has said something. Instants are CLOCK_BOOTTIME microseconds (one host).
namespace fabric::exec {

inline constexpr std::uint32_t protocol_version = 3;
inline constexpr std::size_t frame_max = 4u << 20;

/// fabricd -> runner: run this. The runner answers `started` or `refused`, later `ended`; of an attempt that is over
/// within some milliseconds only `ended`. A repeat for a fence it holds is answered with its state and changes nothing.
struct run {
  fence_t fence = 0;
  job_id job = 0;
  std::uint32_t attempt = 0;
  std::string job_class;
  std::string lane;
  std::vector<std::string> argv;                        ///< argv[0] is an absolute path.
  std::vector<std::pair<std::string, std::string>> env; ///< Whole environment but the FABRIC_ variables.
  std::string cwd;                                      ///< Empty: the attempt's own directory.
  std::string user;                                     ///< Empty: the runner's. Otherwise needs a runner that is root.
  std::string input;                                    ///< Written to input.json; also on stdin.
  std::int64_t deadline_us = 0;                         ///< End of the lease.
  std::int64_t wall_us = 0;                             ///< 0: no limit.
  std::uint64_t output_max = 0;                         ///< Bytes kept of stdout and of stderr, each; 0: no limit.
  std::int64_t grace_us = 0;                            ///< For stops that the runner decides itself (wall, lease).
  std::string node_name;                                ///< For FABRIC_NODE_NAME.
  node::attempt_limits limits;
  std::int64_t stall_us = 0; ///< Longest time without progress; 0: no limit.
};

/// fabricd -> runner: soft signal now, SIGKILL of the tree after the grace.
struct stop {
  fence_t fence = 0;
  stop_reason why = stop_reason::none;
  std::int64_t grace_us = 0;
};

/// fabricd -> runner: these leases end later.
struct extend {
  std::vector<std::pair<fence_t, std::int64_t>> deadlines_us;
};

/// fabricd -> runner: the end of this attempt is committed.
struct forget {
  fence_t fence = 0;
};

/// fabricd -> runner: the spool directories of these attempts may be recycled. Attempt 0 means the job's checkpoints;
/// no order behind this one finds them. Attempts still held are skipped, and checkpoints of a job that runs.
struct prune {
  std::vector<std::pair<job_id, std::uint32_t>> attempts;
};

/// fabricd -> runner: how many slots (keepers) to keep ready.
struct resize {
  std::uint32_t slots = 0;
};

/// fabricd -> runner: the attempt was carried; from now on it is said to be of this lane.
struct relane {
  fence_t fence = 0;
  std::string lane;
};

/// fabricd -> runner: leave when nothing is held. Without it a runner that fabricd started leaves after
/// `--idle-exit` seconds with nothing held and no connection.
struct leave {};

/// runner -> fabricd, first. In every version of the protocol `protocol` is the first field; of a hello of another
/// version nothing else is decoded.
struct hello {
  std::uint32_t protocol = protocol_version;
  std::string build;
  std::int64_t pid = 0;
  std::vector<held_attempt> held; ///< Running now.
  std::uint32_t finished = 0;     ///< So many `ended` frames of finished, unforgotten attempts follow at once.
};

struct was_started {
  fence_t fence = 0;
  std::int64_t pid = 0;
  std::int64_t started_us = 0; ///< Process start, CLOCK_BOOTTIME.
};

/// The attempt has not run and will not: keeper, fork or spool trouble. No attempt of the job is used.
struct was_refused {
  fence_t fence = 0;
  std::string why;
};

struct has_ended {
  attempt_ended what;
};

/// A slot's process cannot be killed: the slot is gone until it is. Raises an alarm.
struct slot_leaked {
  fence_t fence = 0;
  std::string why;
};

/// What a running attempt said of its progress; at most once per bounds::progress_pace.
struct has_progressed {
  fence_t fence = 0;
  std::int64_t at_us = 0; ///< When it said so, CLOCK_BOOTTIME.
  std::string state;      ///< JSON; see progress_said.
};

using to_runner = std::variant<run, stop, extend, forget, prune, resize, leave, relane>;
using from_runner = std::variant<hello, was_started, was_refused, has_ended, slot_leaked, has_progressed>;

/// Returns the frame, length included.
std::string encode(const to_runner& what);
std::string encode(const from_runner& what);

/// @param body a frame without its length. errc::bad_input for anything that is not exactly such a message.
expected<to_runner> decode_to_runner(std::string_view body);
expected<from_runner> decode_from_runner(std::string_view body);

/// Cuts frames out of a byte stream.
class frame_reader {
public:
  void feed(std::string_view bytes);
  /// The next whole frame's body, nullopt if more bytes are needed, errc::too_large if the peer is mad.
  expected<std::optional<std::string>> next();

private:
  std::string buffer_;
  std::size_t begin_ = 0;
};

} // namespace fabric::exec
