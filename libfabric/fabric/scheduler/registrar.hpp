#pragma once

#include "fabric/config/config.hpp"
#include "fabric/error.hpp"
#include "fabric/node/orders.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// Who may join the cell, and what is known of those that did. Pure.
namespace fabric::scheduler {

/// What a build speaks.
struct build_card {
  std::uint32_t protocol = 0; ///< Of the messages between nodes.
  std::string caf;            ///< Version, "0.18.7": others speak another wire format.
  std::uint64_t types = 0;    ///< Hash of the table of message types: builds that differ in it cannot read each other.
  std::string name;           ///< For people.
};

/// errc::incompatible: the two cannot read each other.
expected<void> same_build(const build_card& node, const build_card& scheduler);

/// What a node says of itself when it joins.
struct node_card {
  build_card build;
  std::string name;
  std::uint64_t boot = 0;    ///< One per start of its fabricd.
  std::uint64_t session = 0; ///< Grows with each hello of a boot.
  std::map<std::string, std::string> labels;
  std::map<std::string, std::uint32_t> slots;   ///< As its own file says, by lane.
  std::map<std::string, std::uint64_t> classes; ///< config::class_hash, by name.
  std::vector<held_attempt> held;               ///< What its runner holds, if that has been heard of.
};

/// A node that joined, for `fabric nodes`.
struct node_facts {
  std::string name;
  std::uint64_t boot = 0;
  std::map<std::string, std::string> labels;
  std::vector<std::string> differences; ///< Its classes against the scheduler's, a sentence each, by class.
  std::string build;
};

class registrar {
public:
  /// @param own what this process says of itself; a node must speak as it does.
  registrar(node_card own, config::root config) : own_(std::move(own)), config_(std::move(config)) {}

  /// @param shown whom the node's certificate names, for example "node b1"; see tls::to_text.
  /// A node that passes is linked from now on, until `gone`; its older links are of no consequence. errc::incompatible
  /// (protocol, CAF, types), errc::bad_input (its name), errc::wrong_state (the name is this node's or that of another
  /// node that is linked), errc::stale (older than its last hello), errc::unknown_lane, errc::not_allowed (its
  /// certificate names somebody else).
  expected<void> admit(const node_card& card, const std::string& shown);

  /// The link of this session broke. False: it is not the node's newest.
  bool gone(const std::string& name, std::uint64_t boot, std::uint64_t session);

  void reconfigured(config::root config) { config_ = std::move(config); }

  /// This node, then those that are linked, by name.
  std::vector<node_facts> report() const;

  /// Their names and labels, this node's own included.
  std::map<std::string, std::map<std::string, std::string>> linked() const;

private:
  std::vector<std::string> differences(const node_card& card) const;

  node_card own_;
  config::root config_;
  std::map<std::string, node_card> nodes_; ///< Linked, by name.
};

} // namespace fabric::scheduler
