#include "fabric/exec/protocol.hpp"

#include <nlohmann/json.hpp>

#include <limits>
#include <type_traits>

namespace fabric::exec {

namespace {

using nlohmann::json;

// The fields of each message in the order they have on the wire; used to write and to read.
template <class V> void fields(auto& m, V&& v) requires std::is_same_v<std::remove_cvref_t<decltype(m)>, run> {
  v(m.fence), v(m.job), v(m.attempt), v(m.job_class), v(m.lane), v(m.argv), v(m.env), v(m.cwd), v(m.user), v(m.input);
  v(m.deadline_us), v(m.wall_us), v(m.output_max), v(m.grace_us), v(m.node_name);
  v(m.limits.memory), v(m.limits.cpu_us), v(m.limits.processes), v(m.limits.files), v(m.limits.file_size);
  v(m.limits.address_space), v(m.stall_us);
}
template <class V>
void fields(auto& m, V&& v) requires std::is_same_v<std::remove_cvref_t<decltype(m)>, has_progressed> {
  v(m.fence), v(m.at_us), v(m.state);
}
template <class V> void fields(auto& m, V&& v) requires std::is_same_v<std::remove_cvref_t<decltype(m)>, stop> {
  v(m.fence), v(m.why), v(m.grace_us);
}
template <class V> void fields(auto& m, V&& v) requires std::is_same_v<std::remove_cvref_t<decltype(m)>, extend> {
  v(m.deadlines_us);
}
template <class V> void fields(auto& m, V&& v) requires std::is_same_v<std::remove_cvref_t<decltype(m)>, forget> {
  v(m.fence);
}
template <class V> void fields(auto& m, V&& v) requires std::is_same_v<std::remove_cvref_t<decltype(m)>, prune> {
  v(m.attempts);
}
template <class V> void fields(auto& m, V&& v) requires std::is_same_v<std::remove_cvref_t<decltype(m)>, resize> {
  v(m.slots);
}
template <class V> void fields(auto& m, V&&) requires std::is_same_v<std::remove_cvref_t<decltype(m)>, leave> {}
template <class V> void fields(auto& m, V&& v) requires std::is_same_v<std::remove_cvref_t<decltype(m)>, relane> {
  v(m.fence), v(m.lane);
}
template <class V> void fields(auto& m, V&& v) requires std::is_same_v<std::remove_cvref_t<decltype(m)>, hello> {
  v(m.protocol), v(m.build), v(m.pid), v(m.held), v(m.finished);
}
template <class V> void fields(auto& m, V&& v) requires std::is_same_v<std::remove_cvref_t<decltype(m)>, held_attempt> {
  v(m.fence), v(m.job), v(m.attempt), v(m.ran), v(m.lane);
}
template <class V> void fields(auto& m, V&& v) requires std::is_same_v<std::remove_cvref_t<decltype(m)>, was_started> {
  v(m.fence), v(m.pid), v(m.started_us);
}
template <class V>
void fields(auto& m, V&& v) requires std::is_same_v<std::remove_cvref_t<decltype(m)>, was_refused> ||
    std::is_same_v<std::remove_cvref_t<decltype(m)>, slot_leaked> {
  v(m.fence), v(m.why);
}
template <class V> void fields(auto& m, V&& v) requires std::is_same_v<std::remove_cvref_t<decltype(m)>, has_ended> {
  auto& end = m.what.end;
  v(m.what.fence), v(m.what.job), v(m.what.attempt), v(m.what.lane), v(m.what.stopped), v(end.how), v(end.started),
      v(end.started_at), v(end.run_time);
  v(end.reason), v(end.report), v(end.result), v(end.spool_bytes), v(end.saved);
}

struct writer {
  json out = json::array();

  void operator()(const std::string& s) { out.push_back(s); }
  void operator()(bool b) { out.push_back(b); }
  void operator()(std::uint32_t n) { out.push_back(n); }
  void operator()(std::uint64_t n) { out.push_back(n); }
  void operator()(std::int64_t n) { out.push_back(n); }
  void operator()(stop_reason r) { out.push_back(static_cast<std::uint32_t>(r)); }
  void operator()(outcome o) { out.push_back(static_cast<std::uint32_t>(o)); }
  void operator()(duration d) { out.push_back(d.count()); }
  void operator()(time_point t) { out.push_back(t.time_since_epoch().count()); }
  void operator()(const std::optional<std::string>& s) { s ? out.push_back(*s) : out.push_back(nullptr); }
  void operator()(const held_attempt& h) {
    writer inner;
    fields(h, inner);
    out.push_back(std::move(inner.out));
  }
  template <class A, class B> void operator()(const std::pair<A, B>& p) {
    writer inner;
    inner(p.first), inner(p.second);
    out.push_back(std::move(inner.out));
  }
  template <class T> void operator()(const std::vector<T>& items) {
    writer inner;
    for (const auto& item : items) inner(item);
    out.push_back(std::move(inner.out));
  }
};

// Takes the elements of an array one by one; `ok` turns false at the first that is missing or of another type.
struct reader {
  const json& in;
  std::size_t at = 0;
  bool ok = true;

  const json* next() {
    if (!ok || !in.is_array() || at >= in.size()) {
      ok = false;
      return nullptr;
    }
    return &in[at++];
  }
  bool whole() const { return ok && in.is_array() && at == in.size(); }

  void operator()(std::string& s) {
    const auto* j = next();
    if (j && (ok = j->is_string())) s = j->get_ref<const std::string&>();
  }
  void operator()(bool& b) {
    const auto* j = next();
    if (j && (ok = j->is_boolean())) b = j->get<bool>();
  }
  void operator()(std::uint64_t& n) {
    const auto* j = next();
    if (j && (ok = j->is_number_unsigned())) n = j->get<std::uint64_t>();
  }
  void operator()(std::uint32_t& n) {
    std::uint64_t wide = 0;
    (*this)(wide);
    if (ok && (ok = wide <= std::numeric_limits<std::uint32_t>::max())) n = static_cast<std::uint32_t>(wide);
  }
  void operator()(std::int64_t& n) {
    const auto* j = next();
    constexpr auto top = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (j && (ok = j->is_number_integer() && !(j->is_number_unsigned() && j->get<std::uint64_t>() > top)))
      n = j->get<std::int64_t>();
  }
  template <class Enum> void enumerator(Enum& e, Enum last) {
    std::uint32_t n = 0;
    (*this)(n);
    if (ok && (ok = n <= static_cast<std::uint32_t>(last))) e = static_cast<Enum>(n);
  }
  void operator()(stop_reason& r) { enumerator(r, last_stop_reason); }
  void operator()(outcome& o) { enumerator(o, outcome::cancelled); }
  void operator()(duration& d) {
    std::int64_t n = 0;
    (*this)(n);
    d = duration(n);
  }
  void operator()(time_point& t) {
    duration d{};
    (*this)(d);
    t = time_point(d);
  }
  void operator()(std::optional<std::string>& s) {
    if (ok && at < in.size() && in[at].is_null()) {
      ++at;
      s.reset();
    } else {
      (*this)(s.emplace());
    }
  }
  void operator()(held_attempt& h) {
    const auto* j = next();
    if (!j) return;
    reader inner{*j};
    fields(h, inner);
    ok = inner.whole();
  }
  template <class A, class B> void operator()(std::pair<A, B>& p) {
    const auto* j = next();
    if (!j) return;
    reader inner{*j};
    inner(p.first), inner(p.second);
    ok = inner.whole();
  }
  template <class T> void operator()(std::vector<T>& items) {
    const auto* j = next();
    if (!j || !(ok = j->is_array())) return;
    reader inner{*j};
    while (inner.ok && inner.at < j->size()) inner(items.emplace_back());
    ok = inner.ok;
  }
};

// Refuses what is nested deeper than any message is, before the library builds it by recursion.
struct depth_guard : nlohmann::json_sax<json> {
  int depth = 0;
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return false; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return false; }
  bool key(string_t&) override { return false; }
  bool end_object() override { return false; }
  bool start_array(std::size_t) override { return ++depth <= 4; }
  bool end_array() override { return --depth >= 0; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }
};

template <class M> struct named { std::string_view name; };
constexpr std::tuple to_runner_names{named<run>{"run"},       named<stop>{"stop"},    named<extend>{"extend"},
                                     named<forget>{"forget"}, named<prune>{"prune"},  named<resize>{"resize"},
                                     named<leave>{"leave"},   named<relane>{"relane"}};
constexpr std::tuple from_runner_names{named<hello>{"hello"},         named<was_started>{"started"},
                                       named<was_refused>{"refused"}, named<has_ended>{"ended"},
                                       named<slot_leaked>{"leaked"},  named<has_progressed>{"progressed"}};

template <class Variant, class Names> std::string encode_frame(const Variant& what, const Names& names) {
  return std::visit(
      [&]<class M>(const M& m) {
        writer body;
        fields(m, body);
        std::string frame(4, '\0');
        json::to_msgpack(json::array({std::string(std::get<named<M>>(names).name), std::move(body.out)}), frame);
        const auto size = static_cast<std::uint32_t>(frame.size() - 4);
        for (std::size_t i = 0; i < 4; ++i) frame[i] = static_cast<char>(size >> (8 * i));
        return frame;
      },
      what);
}

template <class Variant, class Names> expected<Variant> decode_frame(std::string_view body, const Names& names) {
  const auto bad = [] { return fail(errc::bad_input, "not a message of the runner's protocol"); };
  if (body.size() > frame_max) return fail(errc::too_large, "a frame is over 4 MiB");
  depth_guard guard;
  if (!json::sax_parse(body.begin(), body.end(), &guard, json::input_format_t::msgpack)) return bad();
  const auto message = json::from_msgpack(body.begin(), body.end(), true, false);
  if (!message.is_array() || message.size() != 2 || !message[0].is_string() || !message[1].is_array()) return bad();
  const auto& name = message[0].get_ref<const std::string&>();
  std::optional<Variant> out;
  const auto attempt = [&]<class M>(const named<M>& candidate) {
    if (candidate.name != name) return;
    M m;
    // Of another version nothing but its number may be relied on; whoever reads it must be able to say which it is.
    if constexpr (std::is_same_v<M, hello>) {
      reader first{message[1]};
      first(m.protocol);
      if (first.ok && m.protocol != protocol_version) out = m;
      if (out) return;
    }
    reader in{message[1]};
    fields(m, in);
    if (in.whole()) out = std::move(m);
  };
  std::apply([&](const auto&... each) { (attempt(each), ...); }, names);
  if (!out) return bad();
  return std::move(*out);
}

} // namespace

std::string encode(const to_runner& what) { return encode_frame(what, to_runner_names); }
std::string encode(const from_runner& what) { return encode_frame(what, from_runner_names); }

expected<to_runner> decode_to_runner(std::string_view body) { return decode_frame<to_runner>(body, to_runner_names); }
expected<from_runner> decode_from_runner(std::string_view body) {
  return decode_frame<from_runner>(body, from_runner_names);
}

} // namespace fabric::exec
