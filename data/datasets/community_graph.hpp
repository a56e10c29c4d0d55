// A drawn graph of communities.
#pragma once

#include <cstdint>

#include <tapestry/data/datasets/labelled_graph.hpp>

namespace tapestry::data {

struct CommunityGraphOptions {
  std::int64_t communities = 4;           ///< how many there are
  std::int64_t nodes_per_community = 50;  ///< in each of them
  double p_within = 0.15;                 ///< the probability of an edge between two nodes of one community
  double p_between = 0.01;                ///< and between two nodes of different ones
  std::int64_t num_features = 16;         ///< of a node
  double signal = 0.5;                    ///< the standard deviation of what a community's features have in common
  std::uint64_t seed = 0;
};

/// A graph without directions or loops whose nodes have more edges within their community than to others (Holland,
/// Laskey and Leinhardt, "Stochastic blockmodels: first steps", 1983), with features that tell a little of it
/// (Deshpande et al., "Contextual stochastic block models", 2018): a normal vector of the community, `signal` large,
/// plus standard normal noise of the node's own. Node i belongs to community i mod communities. Every pair of nodes and
/// every feature has random numbers of its own: the graph is a function of the options. Throws a ValueError for numbers
/// below 1, probabilities outside [0, 1] and a signal that is negative or not finite.
LabelledGraph community_graph(const CommunityGraphOptions& options = {});

}  // namespace tapestry::data
