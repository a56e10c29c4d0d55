// Zachary's karate club, a graph small enough to print.
#pragma once

#include <tapestry/data/datasets/labeled_graph.hpp>

namespace tapestry::data {

/// The 34 members of a university karate club and the 78 friendships among them; label 0 for those who stayed with the
/// instructor (node 0) after the split, 1 for those who went with the officers (node 33), 17 each (Zachary, "An
/// information flow model for conflict and fission in small groups", 1977, figures 1 and 3; node i is his member i +
/// 1). Members have no features of their own: the features of node i are row i of the identity matrix, f32 (34, 34), as
/// in Kipf and Welling, "Semi-supervised classification with graph convolutional networks", 2017, appendix A.
LabeledGraph karate_club();

}  // namespace tapestry::data
