#pragma once

#include "fabric/invariant.hpp"

#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

/// How a std::variant is written and read without a type id for each of its alternatives: the number of the
/// alternative among the `Kinds`, then its fields. Only these may travel; reading another number fails the message.
namespace fabric::actors {

/// The alternative that a variant holds. A type of its own, so that it is looked at after the number was read.
template <class Variant, class... Kinds> struct held_kind { Variant* of = nullptr; };

template <class Variant, class... Kinds> struct boxed { Variant what{}; };

/// @pre the variant holds one of the kinds (asserted): nothing else is ever said to another node.
template <class Variant, class... Kinds> std::uint8_t kind_number(const Variant& what) {
  std::uint8_t number = 0;
  const bool found = ((std::holds_alternative<Kinds>(what) || (++number, false)) || ...);
  invariant(found);
  return number;
}

template <class Variant, class... Kinds> bool become_kind(Variant& what, std::uint8_t number) {
  std::uint8_t at = 0;
  return ((at++ == number && (what.template emplace<Kinds>(), true)) || ...);
}

template <class Inspector, class Variant, class... Kinds> bool inspect(Inspector& f, held_kind<Variant, Kinds...>& x) {
  bool done = false;
  ((std::holds_alternative<Kinds>(*x.of) && (done = inspect(f, std::get<Kinds>(*x.of)), true)) || ...);
  return done;
}

template <class Inspector, class Variant, class... Kinds> bool inspect(Inspector& f, boxed<Variant, Kinds...>& x) {
  held_kind<Variant, Kinds...> value{&x.what};
  return f.object(x).fields(f.field(
                                "kind", [&x] { return kind_number<Variant, Kinds...>(x.what); },
                                [&x](std::uint8_t number) { return become_kind<Variant, Kinds...>(x.what, number); }),
                            f.field("value", value));
}

/// A field that is one variant.
template <class... Kinds, class Inspector, class Variant>
auto one_of_field(Inspector& f, const char* name, Variant& x) {
  using box = boxed<Variant, Kinds...>;
  return f.field(
      name, [&x] { return box{x}; },
      [&x](box&& b) {
        x = std::move(b.what);
        return true;
      });
}

/// A field that is a list of variants.
template <class... Kinds, class Inspector, class Variant>
auto list_field(Inspector& f, const char* name, std::vector<Variant>& xs) {
  using box = boxed<Variant, Kinds...>;
  return f.field(
      name,
      [&xs] {
        std::vector<box> all;
        for (const auto& x : xs) all.push_back(box{x});
        return all;
      },
      [&xs](std::vector<box>&& all) {
        xs.clear();
        for (auto& b : all) xs.push_back(std::move(b.what));
        return true;
      });
}

} // namespace fabric::actors
