// 14: a vision transformer divides an image into patches, and every patch attends to all others. It has to learn which
// patches are neighbors, which convolutions know by construction. Compares it on generated shapes with a convolutional
// network of equal computational cost, which wins: a test accuracy of 99.8 % against 95.2 %.
#include <chrono>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/data/datasets/open_dataset.hpp>
#include <tapestry/data/datasets/shapes.hpp>
#include <tapestry/data/loader.hpp>
#include <tapestry/models/vision_transformer.hpp>
#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/flatten.hpp>
#include <tapestry/nn/layers/multihead_attention.hpp>
#include <tapestry/nn/layers/pooling.hpp>
#include <tapestry/optim/adamw.hpp>
#include <tapestry/optim/schedule.hpp>
#include <tapestry/viz/progress.hpp>

#include "lesson/lesson.hpp"
#include "lesson/training.hpp"

using namespace tapestry;

namespace {

constexpr std::int64_t classes = 10;
constexpr std::int64_t side = 8;  // patches per row, of 4 × 4 pixels each
constexpr std::int64_t layers = 4;
constexpr std::int64_t heads = 4;

struct Settings {
  std::string data;
  bool quick = false;
};

struct Images {
  std::unique_ptr<data::Dataset> train, test;
};

Images open_images(const Settings& settings) {
  using data::Split;
  if (!settings.data.empty()) {
    const data::AcceptedImages accepted = {.side = 32, .max_classes = classes};
    return {data::open_dataset(settings.data, Split::train, accepted),
            data::open_dataset(settings.data, Split::test, accepted)};
  }
  const auto drawn = [](Split split, std::int64_t size) {
    return std::make_unique<data::Shapes>(data::ShapesOptions{.split = split, .size = size});
  };
  return {drawn(Split::train, settings.quick ? 3000 : 12000), drawn(Split::test, settings.quick ? 500 : 2000)};
}

data::Transform normalized() {
  return data::compose({data::to_float(), data::normalize({0.5, 0.5, 0.5}, {0.25, 0.25, 0.25})});
}

models::VisionTransformer transformer() {
  return models::VisionTransformer({.image_size = 32,
                                    .patch_size = 32 / side,
                                    .num_layers = layers,
                                    .num_heads = heads,
                                    .hidden_dim = 64,
                                    .mlp_dim = 128,
                                    .classes = classes});
}

nn::Sequential convolutional() {
  struct Layer {
    std::int64_t channels, stride;
  };
  nn::Sequential net;
  std::int64_t in = 3;
  for (const auto& [channels, stride] : {Layer{32, 2}, Layer{64, 1}, Layer{64, 2}, Layer{96, 1}}) {
    net.append(nn::Conv2d({.in_channels = in,
                           .out_channels = channels,
                           .kernel_size = 3,
                           .stride = stride,
                           .padding = 1,
                           .bias = false}));
    net.append(nn::BatchNorm2d({.num_features = channels}));
    net.append(nn::ReLU());
    in = channels;
  }
  net.append(nn::GlobalAvgPool2d());
  net.append(nn::Flatten());
  net.append(nn::Linear({.in_features = in, .out_features = classes}));
  return net;
}

double accuracy(nn::Module& net, const data::Dataset& images) {
  const NoGradGuard no_grad;
  net.eval();
  std::int64_t right = 0;
  for (const auto& [batch, labels] : data::Loader(images, {.batch_size = 250, .transform = normalized()})) {
    const Array predicted = argmax(net(batch), 1);
    for (std::int64_t row = 0; row < labels.numel(); ++row) right += predicted.at({row}) == labels.at({row}) ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(images.size());
}

/// Trains and returns the test accuracy.
double train(Lesson& lesson, const std::string& name, nn::Module& net, const Images& images, std::int64_t epochs) {
  const auto start = std::chrono::steady_clock::now();
  data::Loader loader(*images.train, {.batch_size = 64,
                                      .shuffle = true,
                                      .drop_last = true,
                                      .transform = data::compose({data::random_crop({.size = 32, .padding = 4}),
                                                                  data::random_horizontal_flip(), normalized()})});
  require_batches(loader);
  const std::int64_t steps = epochs * loader.batches();
  optim::AdamW optimizer(net.parameters(), {.weight_decay = 0.05});
  optim::Schedule schedule(optimizer, optim::OneCycleOptions{.max_lr = 3e-3, .total_steps = steps, .warmup = 0.2});
  viz::Progress progress(name, steps * 64);
  net.train();
  std::int64_t done = 0;
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    for (const auto& [batch, labels] : loader) {
      optimizer.zero_grad();
      const Tensor loss = cross_entropy(net(batch), labels);
      loss.backward();
      optimizer.step();
      schedule.step();
      progress.update(done += 64, fmt::format("epoch {}/{}  loss {:.3f}", epoch + 1, epochs, loss.item()));
    }
  }
  progress.finish();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::int64_t parameters = 0;
  for (const Tensor& parameter : net.parameters()) parameters += parameter.numel();
  const double right = accuracy(net, *images.test);
  lesson.say(
      fmt::format("  {}: {} parameters, {:.0f} s, test accuracy {:.3f}", name, parameters, seconds.count(), right));
  return right;
}

Tensor parameter(nn::ModuleBase& module, const std::string& name) {
  for (const auto& [its_name, tensor] : module.named_parameters()) {
    if (its_name == name) return tensor;
  }
  throw std::out_of_range(name);
}

/// The attention weights of a layer for its normalized input, averaged over heads: (N, L, E) → (N, L, L).
Tensor attention_weights(nn::MultiheadAttention& layer, const Tensor& x) {
  const std::int64_t size = x.size(2);
  const Tensor projected = linear(x, parameter(layer, "in_proj_weight"), parameter(layer, "in_proj_bias"));
  const auto of_heads = [&](std::int64_t part) {
    const Tensor all = slice(projected, 2, part * size, (part + 1) * size);
    return permute(reshape(all, {x.size(0), x.size(1), heads, size / heads}), {0, 2, 1, 3});
  };
  const Tensor scores = matmul(of_heads(0), transpose(of_heads(1), -1, -2));
  return mean(softmax(scores / std::sqrt(static_cast<double>(size / heads))), {1});
}

/// The contribution of every patch to the class token through all layers, where half of each layer's output is its
/// input: (N, 1, side, side) (Abnar and Zuidema, "Quantifying attention flow in transformers", 2020, equation 1).
Tensor attention_rollout(models::VisionTransformer& net, const Array& images) {
  const NoGradGuard no_grad;
  net.eval();
  const std::int64_t tokens = side * side + 1;
  Array identity = Array::zeros({tokens, tokens});
  for (std::int64_t i = 0; i < tokens; ++i) identity.mutable_data<float>()[i * (tokens + 1)] = 1;
  Tensor joint = identity;
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::string layer = fmt::format("encoder.layers.encoder_layer_{}.", i);
    auto& norm = net.get_submodule<nn::Module>(layer + "ln_1");
    auto& attention = net.get_submodule<nn::MultiheadAttention>(layer + "self_attention");
    const auto id = norm.add_forward_hook([&](const nn::Module&, const Tensor&, const Tensor& normed) {
      joint = matmul((attention_weights(attention, normed) + identity) * 0.5, joint);
      return Tensor();
    });
    net(images);
    norm.remove_hook(id);
  }
  return reshape(slice(slice(joint, 1, 0, 1), 2, 1, tokens), {images.size(0), 1, side, side});
}

/// Test images in the first row; below, the same images, brighter where the attention is higher.
void attention_picture(Lesson& lesson, models::VisionTransformer& net, const data::Dataset& images) {
  constexpr std::int64_t count = 10;
  RandomStream unused;
  std::vector<Array> shown;
  std::vector<Tensor> inputs;
  for (std::int64_t i = 0; i < count; ++i) {
    shown.push_back(images.get(i).image);
    inputs.emplace_back(normalized()(shown.back(), unused));
  }
  const Tensor maps = interpolate(attention_rollout(net, stack(inputs).array()),
                                  {.size = Pair(32), .mode = InterpolationMode::bilinear});
  const Tensor low = amin(maps, {1, 2, 3}, true), high = amax(maps, {1, 2, 3}, true);
  const Tensor light = 0.1 + 0.9 * sqrt((maps - low) / (high - low));
  for (std::int64_t i = 0; i < count; ++i) {
    const Tensor lit = squeeze(slice(light, 0, i, i + 1), 0) * shown[static_cast<std::size_t>(i)].to(DType::f32);
    shown.push_back(lit.array().to(DType::u8));
  }
  lesson.picture("14_attention.png", viz::image_grid(shown, {.columns = count}));
}

/// Cosine similarities between the position embeddings of all pairs of patches: (side², side²).
Array place_similarities(models::VisionTransformer& net) {
  const Tensor places = squeeze(slice(parameter(net, "encoder.pos_embedding").detach(), 1, 1, side * side + 1), 0);
  const Tensor directions = places / norm(places, 2, {1}, true);
  return matmul(directions, transpose(directions, 0, 1)).array();
}

void places_picture(Lesson& lesson, const Array& similarities) {
  std::vector<Array> maps;
  for (std::int64_t i = 0; i < side * side; ++i) {
    maps.push_back(framed_map(similarities.slice(i, i + 1).reshape({side, side}), 8, 1));
  }
  lesson.picture("14_places.png", viz::image_grid(maps, {.columns = side, .enlarge = 1, .padding = 4}));
}

/// The mean similarity of horizontally or vertically adjacent patches.
double neighbors(const Array& similarities) {
  double sum = 0;
  for (std::int64_t i = 0; i < side * side; ++i) {
    if (i % side + 1 < side) sum += similarities.at({i, i + 1});
    if (i / side + 1 < side) sum += similarities.at({i, i + side});
  }
  return sum / static_cast<double>(2 * side * (side - 1));
}

void compare(Lesson& lesson, const Settings& settings) {
  manual_seed(14);
  const Images images = open_images(settings);
  const std::int64_t epochs = settings.quick ? 4 : 8;
  lesson.part("Two networks, the same training");
  nn::Sequential cnn = convolutional();
  const double of_cnn = train(lesson, "convolutional", cnn, images, epochs);
  models::VisionTransformer vit = transformer();
  const double of_vit = train(lesson, "transformer", vit, images, epochs);
  lesson.holds("the convolutional network is more accurate", of_cnn > of_vit);
  const double bound = settings.quick ? 0.2 : 0.85;
  lesson.holds(fmt::format("the transformer's accuracy exceeds {:.0f} %", 100 * bound), of_vit > bound);

  lesson.part("Attention of the class token");
  attention_picture(lesson, vit, *images.test);

  lesson.part("Position embeddings");
  const Array similarities = place_similarities(vit);
  const double near = neighbors(similarities), all = mean(Tensor(similarities)).item();
  lesson.say(fmt::format("  mean cosine similarity: adjacent patches {:.2f}, all pairs {:.2f}", near, all));
  lesson.holds("embeddings of adjacent patches are similar, although this was not built in", near > all + 0.1);
  places_picture(lesson, similarities);
  nn::init::constant(parameter(vit, "encoder.pos_embedding"), 0);
  const double bag = accuracy(vit, *images.test);
  lesson.say(fmt::format("  test accuracy without position embeddings: {:.3f}", bag));
  if (!settings.quick) lesson.holds("without them, the image is a bag of patches and the accuracy drops", bag < of_vit);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  return run_lesson(
      argc, argv, "14: a vision transformer compared with a convolutional network",
      [&](Lesson& lesson) {
        compare(lesson, settings);
        lesson.learned(
            "attention covers the whole image at once but has to learn which patches are neighbors. With few images,\n"
            "a convolutional network, which has locality built in, is more accurate.");
      },
      {{"--data", &settings.data, "Folder with the CIFAR-10 binaries, or with train/ and test/"},
       {"--quick", &settings.quick, "Use fewer images and steps, for the tests"}});
}
