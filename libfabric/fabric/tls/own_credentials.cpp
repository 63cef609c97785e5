#include "fabric/tls/own_credentials.hpp"

#include "fabric/time_text.hpp"

namespace fabric::tls {

own_credentials::own_credentials(role what, std::string directory, std::string name,
                                 std::function<void(const std::string&)> told)
    : what_(what), directory_(std::move(directory)), name_(std::move(name)), told_(std::move(told)) {}

expected<context_ptr> own_credentials::look(time_point now) {
  const auto found = read(now);
  if (!found) return tl::unexpected(found.error());
  if (found->certificate == certificate_) return context_ptr{};
  if (!authority_.empty() && found->authority != authority_)
    return fail(errc::not_allowed, files_of(what_, directory_).authority + " is another authority than at the start");
  if (what_ == role::node)
    if (auto ok = check_node(*found, now); !ok) return tl::unexpected(ok.error());
  auto made = context::make(*found, revocations_of(authority_in(directory_).revoked));
  if (!made) return made;
  authority_ = found->authority;
  certificate_ = found->certificate;
  told_("certificate of " + to_text(*(*made)->own().whom) + ", good until " + format_time((*made)->own().valid.until));
  return made;
}

expected<credentials> own_credentials::read(time_point now) const {
  if (what_ == role::scheduler)
    return scheduler_credentials(directory_, name_, now, told_,
                                 authority_.empty() ? new_authority::may_be : new_authority::must_not_be);
  auto found = read_credentials(what_, files_of(what_, directory_));
  if (!found && found.error().code == errc::not_found)
    return fail(errc::not_found, found.error().message + "; on the scheduler's host, fabric ca issue " + name_ +
                                     " makes what belongs there");
  return found;
}

expected<void> own_credentials::check_node(const credentials& found, time_point now) const {
  const auto facts = describe(found.certificate);
  if (!facts) return tl::unexpected(facts.error());
  if (facts->whom != identity{role::node, name_})
    return fail(errc::not_allowed, found.place + " is for " + (facts->whom ? to_text(*facts->whom) : "nobody") +
                                       ", and this is node " + name_);
  const auto how = standing_of(facts->valid, now);
  if (how == standing::over || how == standing::not_yet)
    return fail(errc::unavailable, found.place + " " + std::string(to_string(how)) + ": it is good from " +
                                       format_time(facts->valid.from) + " to " + format_time(facts->valid.until));
  return {};
}

} // namespace fabric::tls
