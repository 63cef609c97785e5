#pragma once

#include "fabric/config/config.hpp"
#include "fabric/config/rules.hpp"
#include "fabric/job/limits.hpp"
#include "fabric/policy/registry.hpp"

/// The one table of every option: its key, the member it fills and its range. load() reads through it and dump()
/// writes through it, so neither can know a key that the other does not. The defaults are those of config.hpp.
///
/// An `At` has operator()(key, member, rule) for plain values and section(), list(), table() for what has keys of its
/// own; see reader.hpp and writer.hpp.
namespace fabric::config {

template <class At> void fields(At& at, node& n) {
  at("name", n.name, words{rules::node_name});
  at("listen", n.listen, words{rules::listen});
  at("data", n.data, words{rules::data_directory});
  at("tls", n.tls, words{rules::absolute_path_or_empty});
  at("join", n.join, text_list{rules::endpoint, 16});
  at("labels", n.labels, each<words>{rules::name, {rules::name}});
  at("workers", n.workers, each<whole>{rules::any_text, {0, slots_max}});
  at("memory_low", n.memory_low, bytes{});
  at("allow_root", n.allow_root, flag{});
  at("drain_timeout", n.drain_timeout, span{0s, 24h});
  at("threads", n.threads, whole{0, 64});
}

template <class At> void fields(At& at, fabric::store::retention& r) {
  at("succeeded_age", r.succeeded_age, span{});
  at("succeeded_count", r.succeeded_count, whole{});
  at("buried_age", r.buried_age, span{});
  at("bytes", r.bytes, bytes{});
  at("events_age", r.events_age, span{});
}

template <class At> void fields(At& at, store& s) {
  at("kind", s.kind, one_of{{"sqlite", "memory"}});
  at("disk_low", s.disk_low, bytes{});
  at("reserve", s.reserve, bytes{0, 1ull << 30});
  at.section("retention", s.retention);
}

template <class At> void fields(At& at, spool& s) {
  at("age", s.age, span{});
  at("bytes", s.bytes, bytes{});
  at("inodes_low", s.inodes_low, whole{});
}

template <class At> void fields(At& at, lane& l) {
  at("name", l.name, words{rules::name});
  at("slots", l.slots, whole{0, slots_max});
  at("requires", l.requires_labels, each<words>{rules::name, {rules::name}});
  at("place", l.place, lane_home{});
  at("budget", l.budget, span{100ms, days(365)});
  at("grace", l.grace, span{0s, 1h});
  at("demoted_first", l.demoted_first, flag{});
  at("on_timeout", l.timeout, way_out{});
}

template <class At> void fields(At& at, routing& r) {
  at("policy", r.policy, one_of{policy::policy_names()});
  at("params", r.params, raw_json{});
}

template <class At> void fields(At& at, retry_policy& r) {
  at("base", r.base, span{1ms, days(7)});
  at("factor", r.factor, real{1, 100});
  at("max", r.max, span{1ms, days(30)});
  at("jitter", r.jitter, real{0, 1});
}

template <class At> void fields(At& at, class_limits& l) {
  at("wall", l.wall, span{100ms, days(365)});
  at("stall_timeout", l.stall_timeout, span{0s, days(365)});
  at("output", l.output, bytes{});
  at("memory", l.memory, bytes{1ull << 20});
  at("cpu", l.cpu, span{100ms, days(365)});
  at("processes", l.processes, whole{1, 1'000'000});
  at("files", l.files, whole{8, 1'000'000});
  at("file_size", l.file_size, bytes{});
  at("address_space", l.address_space, bytes{1ull << 20});
}

template <class At> void fields(At& at, job_class& c) {
  at("command", c.command, argv{});
  at("handler", c.handler, words{rules::name_or_empty});
  at("threads", c.threads, thread_count{1, 1024});
  at("cwd", c.cwd, words{rules::absolute_path_or_empty});
  at("env", c.env, each<words>{rules::variable_name, {rules::no_nul}});
  at("user", c.user, words{rules::user});
  at("lane", c.lane, words{rules::any_text});
  at("max_attempts", c.max_attempts, whole{1, fabric::limits::attempts_max});
  at("on_timeout", c.on_timeout, mode_list{});
  at.section("backoff", c.backoff);
  at.section("limits", c.limits);
  at("enabled", c.enabled, flag{});
}

template <class At> void fields(At& at, handlers& h) {
  at("max_leaked", h.max_leaked, whole{0, 1000});
  at("io_threads", h.io_threads, whole{1, 1024});
}

template <class At> void fields(At& at, limits& l) {
  at("max_queued", l.max_queued, whole{1, 1'000'000'000});
  at("max_inflight_submits", l.max_inflight_submits, bytes{fabric::limits::batch_bytes, 16ull << 30});
  at("max_waiters", l.max_waiters, whole{1, 1'000'000});
  at("max_questions", l.max_questions, whole{1, 1'000'000});
}

template <class At> void fields(At& at, lease& l) {
  at("first", l.first, span{3s, 1h});
  at("max", l.max, span{3s, 24h});
  at("node_silence", l.node_silence, span{1s, 1h});
}

template <class At> void fields(At& at, supervision& s) {
  at("restarts", s.restarts, whole{0, 1000});
  at("within", s.within, span{1s, 1h});
  at("backoff", s.backoff, span{1ms, 5s});
  at("stall_alarm", s.stall_alarm, span{1s, 24h});
}

template <class At> void fields(At& at, logging& l) {
  at("format", l.format, one_of{{"text", "json"}});
  at("level", l.level, one_of{{"debug", "info", "warn", "error"}});
}

template <class At> void fields(At& at, root& r) {
  at.section("node", r.node);
  at.section("store", r.store);
  at.section("spool", r.spool);
  at.list("lanes", r.lanes);
  at.section("routing", r.routing);
  at.table("classes", r.classes, rules::class_name);
  at.section("handlers", r.handlers);
  at.section("limits", r.limits);
  at.section("lease", r.lease);
  at.section("supervision", r.supervision);
  at.section("log", r.log);
  at("allow_ad_hoc", r.allow_ad_hoc, flag{});
}

} // namespace fabric::config
