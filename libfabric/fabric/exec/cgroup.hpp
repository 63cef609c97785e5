#pragma once

#include <string>
#include <string_view>

/// cgroup v2 as far as it helps to find and kill what a slot left behind. No controller is needed.
///
/// A keeper lives in its slot's cgroup, so its jobs are in it from birth at no cost, strays with an empty environment
/// and their own session included. While the keeper lives it is their subreaper and needs no cgroup; once it is dead,
/// whoever cleans up empties the cgroup. Without a writable cgroup2 everything here returns "nothing".
namespace fabric::exec {

/// The directory in which this process may make cgroups: that of its own cgroup in the hierarchy mounted with type
/// cgroup2, wherever that is, or the one above if that was delegated to this service (systemd: Delegate=yes and
/// DelegateSubgroup=) and can hand controllers on. Empty if there is none or it is not writable.
std::string cgroup_home();

/// The same, from the texts of /proc/self/mountinfo and /proc/self/cgroup. Empty if there is none. Pure.
std::string cgroup_home_from(const std::string& mountinfo, const std::string& own);

/// Makes the cgroup `home`/fabric-slot-`name`. Returns its path, empty if that failed.
std::string make_cgroup(const std::string& home, const std::string& name);

/// Makes it hand its controllers of memory, processes and CPU on to the attempts' cgroups in it, if it has any. Its
/// keeper then lives in one of its own beside them: only cgroups without processes hand controllers on.
void share_out_controllers(const std::string& path);

/// Whether cgroups in it have this controller.
bool shares_controller(const std::string& path, std::string_view controller);

/// Moves the calling process into it.
bool enter_cgroup(const std::string& path);

/// Moves the calling process out of its sight, so that kill_cgroup() spares it.
bool leave_cgroup(const std::string& path);

/// Whether a process is in it.
bool cgroup_populated(const std::string& path);

/// Kills every process in it, or nothing if `path` is not one that make_cgroup() made.
void kill_cgroup(const std::string& path);

/// Removes it if it is empty.
void remove_cgroup(const std::string& path);

} // namespace fabric::exec
