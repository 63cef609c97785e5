#include "fabric/tls/certificate.hpp"

#include "tests/libfabric/tls/cell.hpp"

using namespace fabric;
using namespace fabric::tls;

namespace {

const validity some_days{std::chrono::floor<std::chrono::seconds>(wall_now()),
                         std::chrono::floor<std::chrono::seconds>(wall_now() + 20 * one_day)};

} // namespace

TEST_CASE("a certificate says whom it names and for how long it is good", "[tls]") {
  const auto authority = make_authority("cell of a", some_days).value();
  for (const auto what : {role::scheduler, role::node, role::client}) {
    const auto made = issue(authority, {what, "w-1.example_x"}, some_days).value();
    const auto facts = describe(made.certificate).value();
    CHECK(facts.whom == identity{what, "w-1.example_x"});
    CHECK_FALSE(facts.is_authority);
    CHECK(facts.valid == some_days);
    CHECK(facts.serial.size() == 32);
    CHECK(check_key(made.certificate, made.key));
    CHECK(check_signed(made.certificate, authority.certificate));
  }
}

TEST_CASE("an authority names nobody and ends after the year 2038", "[tls]") {
  const validity long_time{some_days.from, some_days.from + 30 * 365 * one_day};
  const auto authority = make_authority("cell", long_time).value();
  const auto facts = describe(authority.certificate).value();
  CHECK(facts.is_authority);
  CHECK(facts.whom == std::nullopt);
  CHECK(facts.valid == long_time);
  CHECK(check_signed(authority.certificate, authority.certificate));
}

TEST_CASE("every certificate has a number and a key of its own", "[tls]") {
  const cell c;
  const auto one = c.of(role::node), other = c.of(role::node);
  CHECK(describe(one.certificate)->serial != describe(other.certificate)->serial);
  CHECK(check_key(one.certificate, other.key).error().code == errc::bad_input);
}

TEST_CASE("a certificate is only for names of the fabric", "[tls]") {
  const cell c;
  for (const auto& name : std::vector<std::string>{"", "a b", "a/b", "a\nb", "a,DNS:b", "*", std::string(65, 'x')})
    CHECK(issue(c.authority, {role::node, name}, some_days).error().code == errc::bad_input);
  CHECK(issue(c.authority, {role::node, std::string(64, 'x')}, some_days));
}

TEST_CASE("another authority's certificate is told apart", "[tls]") {
  const cell one, other;
  CHECK(check_signed(one.of(role::node).certificate, other.authority.certificate).error().code == errc::bad_input);
}

TEST_CASE("what is no certificate or key is refused with a reason", "[tls]") {
  const cell c;
  const auto good = c.of(role::node);
  for (const auto& text :
       {std::string{}, std::string{"nonsense"}, good.key, good.certificate.substr(0, good.certificate.size() / 2)})
    CHECK(describe(text).error().code == errc::bad_input);
  CHECK(check_key(good.certificate, "nonsense").error().message.find("private key") != std::string::npos);
  CHECK(check_key(good.certificate, good.certificate).error().code == errc::bad_input);
  CHECK(issue({good.certificate, "nonsense"}, {role::node, "a"}, some_days).error().code == errc::bad_input);
}
