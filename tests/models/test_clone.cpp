// Deep copies of the models that are not image classifiers.
#include <memory>
#include <utility>

#include <tapestry/models/autoencoder.hpp>
#include <tapestry/models/dcgan.hpp>
#include <tapestry/models/deeplab.hpp>
#include <tapestry/models/gat.hpp>
#include <tapestry/models/gcn.hpp>
#include <tapestry/models/graph_sage.hpp>
#include <tapestry/models/super_resolution.hpp>
#include <tapestry/models/unet.hpp>

#include "core/generate.hpp"

namespace test_clone {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// Requires that a clone computes the same as the original, which depends on all options.
template <class M, class... Inputs>
void require_equal_clone(M module, const Inputs&... inputs) {
  module.eval();
  const std::unique_ptr<nn::ModuleBase> copy = module.clone();
  INFO(module.class_name());
  REQUIRE(copy->class_name() == module.class_name());
  require_equal(dynamic_cast<const M&>(*copy)(inputs...).array(), module(inputs...).array());
}

}  // namespace

TEST_CASE("clones of models from images to images compute what the originals compute") {
  const Array images = Generator(1).reals({2, 3, 16, 16}).to(DType::f32);
  require_equal_clone(models::Autoencoder({.base_channels = 4, .code_channels = 2}), images);
  require_equal_clone(models::UNet({.classes = 3, .base_channels = 4, .depth = 2}), images);
  require_equal_clone(
      models::UNet({.base_channels = 4, .depth = 1, .upsampling = models::Upsampling::resize_convolution}), images);
  require_equal_clone(models::DeepLab({.classes = 3, .base_channels = 4, .rates = {1, 2}}), images);
  require_equal_clone(models::SuperResolution({.upscale_factor = 2}), images);
  require_equal_clone(models::DcganDiscriminator({.base_channels = 4}),
                      Generator(2).reals({2, 3, 32, 32}).to(DType::f32));
  require_equal_clone(models::DcganGenerator({.latent = 5, .base_channels = 4}),
                      Generator(3).reals({2, 5, 1, 1}).to(DType::f32));
}

TEST_CASE("clones of models of graphs compute what the originals compute") {
  const SparseAdjacency edges({.num_nodes = 3, .edges = {{.source = 0, .target = 1}, {.source = 1, .target = 2}}});
  const Array nodes = Generator(4).reals({3, 4}).to(DType::f32);
  require_equal_clone(models::Gcn({.in_channels = 4, .hidden_channels = 3, .out_channels = 2}), nodes, edges);
  require_equal_clone(models::Gat({.in_channels = 4, .hidden_channels = 3, .out_channels = 2, .heads = 2}), nodes,
                      edges);
  require_equal_clone(
      models::GraphSage({.in_channels = 4, .hidden_channels = 3, .out_channels = 2, .aggregation = Aggregation::sum}),
      nodes, edges);
}

}  // namespace test_clone
