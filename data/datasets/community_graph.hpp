// Random graphs with communities.
#pragma once

#include <cstdint>

#include <tapestry/data/datasets/labeled_graph.hpp>

namespace tapestry::data {

struct CommunityGraphOptions {
  std::int64_t communities = 4;           ///< number of communities
  std::int64_t nodes_per_community = 50;  ///< nodes in each community
  double p_within = 0.15;                 ///< the probability of an edge between two nodes of one community
  double p_between = 0.01;                ///< the probability of an edge between two communities
  std::int64_t num_features = 16;         ///< per node
  double signal = 0.5;                    ///< the standard deviation of the common part of a community's features
  std::uint64_t seed = 0;
};

/// An undirected graph without self-loops whose nodes have more edges within their community than to others (Holland,
/// Laskey and Leinhardt, "Stochastic blockmodels: first steps", 1983), with features that carry some information about
/// it (Deshpande et al., "Contextual stochastic block models", 2018): a normal vector per community, scaled by
/// `signal`, plus standard normal noise per node. Node i belongs to community i mod communities. The graph is a
/// function of the options. Throws a ValueError for counts below 1, probabilities outside [0, 1] and a signal that is
/// negative or not finite.
LabeledGraph community_graph(const CommunityGraphOptions& options = {});

}  // namespace tapestry::data
