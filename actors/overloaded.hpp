#pragma once

namespace fabric::actors {

/// A visitor made of lambdas.
template <class... Fs> struct overloaded : Fs... { using Fs::operator()...; };
template <class... Fs> overloaded(Fs...) -> overloaded<Fs...>;

} // namespace fabric::actors
