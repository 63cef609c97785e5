#pragma once

#include "fabric/config/config.hpp"
#include "fabric/tls/lifetime.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What keeps a node from running well: facts about a host, judged. Pure; nodes/cli/doctor_facts.cpp finds the facts.
namespace fabric::cli {

enum class health : std::uint8_t { ok, warn, bad };

struct finding {
  std::string name; ///< For example "disk of the store".
  health how = health::ok;
  std::string what;   ///< What was found, with numbers.
  std::string remedy; ///< What to do; empty when ok.
};

/// A file system that the node writes to.
struct disk_facts {
  std::string path;     ///< Or the nearest directory above it that exists.
  bool exists = true;   ///< The path itself.
  bool writable = true; ///< By whoever asks.
  bool in_memory = false;
  std::uint64_t free_bytes = 0;
  std::uint64_t free_inodes = 0;
  bool counts_inodes = true;     ///< Some file systems have no such limit.
  std::optional<duration> fsync; ///< Median of some; nullopt: not measured.
};

struct clock_facts {
  bool boottime = true; ///< CLOCK_BOOTTIME can be read, and is not behind CLOCK_MONOTONIC.
  time_point now{};     ///< Wall clock.
  bool known = true;    ///< The kernel says whether it is synchronised.
  bool synchronised = true;
  duration error{}; ///< The kernel's estimate, at most.
};

struct limit_facts {
  std::string of;          ///< "fabricd (process 12)" or "this shell".
  std::uint64_t files = 0; ///< Soft RLIMIT_NOFILE; the largest number: none.
  std::uint64_t processes = 0;
  std::uint64_t core = 0;
};

struct class_facts {
  std::string name;
  std::string wrong; ///< Empty: its executable and its user are here.
};

/// A certificate with its key, or the cell's authority.
struct certificate_state {
  std::string name;  ///< For example "certificate of node w1".
  std::string place; ///< Its file.
  std::string wrong; ///< Why it is of no use; empty: nothing.
  tls::validity valid;
  bool renews_itself = false; ///< By fabricd, which has the authority's key.
};

struct host_facts {
  std::vector<std::string> config_problems;
  int sqlite = 0; ///< SQLITE_VERSION_NUMBER of the library.
  std::string sqlite_text;
  bool subreaper = true;
  std::string cgroup_home; ///< Empty: none is usable.
  bool cgroup_kill = false;
  std::string controllers;
  bool is_root = false;
  std::uint64_t memory_available = 0; ///< Bytes.
  disk_facts store, spool;
  clock_facts clock;
  limit_facts limits;
  std::vector<class_facts> classes;
  std::vector<certificate_state> certificates; ///< None before the first start.
};

/// One finding per thing looked at, in a fixed order.
std::vector<finding> judge(const host_facts& facts, const config::root& config);

/// The worst of them.
health worst(const std::vector<finding>& all);

std::string_view to_string(health h);
nlohmann::json findings_json(const std::vector<finding>& all);

} // namespace fabric::cli
