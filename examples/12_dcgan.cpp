// 12: DCGAN. A generator learns to produce images from a discriminator, which learns to distinguish them from real
// ones. Trains two generators on generated shapes: one upsamples with transposed convolutions, the other with
// interpolation and convolutions. Prints the losses, the variance of samples (0.35 and 0.42, data 0.27), and the
// strength of checkerboards relative to neighboring frequencies: 11 before and 2.9 after training with transposed
// convolutions, 0.2 and 0.4 without.
#include <cmath>
#include <memory>
#include <numbers>

#include <fmt/format.h>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/data/datasets/open_dataset.hpp>
#include <tapestry/data/datasets/shapes.hpp>
#include <tapestry/data/drawing/draw.hpp>
#include <tapestry/data/loader.hpp>
#include <tapestry/models/dcgan.hpp>
#include <tapestry/optim/adamw.hpp>
#include <tapestry/viz/progress.hpp>

#include "lesson/lesson.hpp"
#include "lesson/training.hpp"

using namespace tapestry;
using models::Upsampling;

namespace {

constexpr std::int64_t batch_size = 32;
constexpr std::int64_t latent = 64;
constexpr std::int64_t width = 32;
constexpr std::int64_t side = 32;

struct Length {
  std::int64_t epochs;
  std::int64_t steps;  ///< per epoch on generated shapes
};

struct Losses {
  double discriminator = 0;
  double generator = 0;
};

/// A generator's samples for fixed latent vectors before and after training, and the mean losses of the last epoch.
struct Trained {
  Array before;
  Array after;
  Losses losses;
};

Array draw_latent(std::int64_t count, RandomStream& random) {
  return random.normal({count, latent, 1, 1});
}

/// The loss of a discriminator's logits for the target `answer`.
Tensor judged(const Tensor& logits, double answer) {
  return binary_cross_entropy_with_logits(logits, Array::full(logits.shape(), answer));
}

Array sample(nn::Module& generator, const Array& numbers) {
  const NoGradGuard no_grad;
  return generator(numbers).array();
}

/// Maps images from [0, 1] to [−1, 1].
Array centered(const Array& images) {
  return (Tensor(images) * 2 - 1).array();
}

class Gan {
 public:
  explicit Gan(Upsampling upsampling)
      : generator_({.latent = latent, .base_channels = width, .upsampling = upsampling}),
        discriminator_({.base_channels = width}) {}

  nn::Module& generator() { return generator_; }

  /// One step of both networks. The target for real images is 0.9, to keep the discriminator from becoming
  /// overconfident.
  Losses step(const Array& real) {
    const Tensor fake = generator_(draw_latent(real.size(0), random_));
    discriminator_.set_requires_grad(true);
    discriminator_optimizer_.zero_grad();
    const Tensor d = judged(discriminator_(real), 0.9) + judged(discriminator_(fake.detach()), 0);
    d.backward();
    discriminator_optimizer_.step();

    discriminator_.set_requires_grad(false);
    generator_optimizer_.zero_grad();
    const Tensor g = judged(discriminator_(fake), 1);
    g.backward();
    generator_optimizer_.step();
    return {d.item(), g.item()};
  }

 private:
  models::DcganGenerator generator_;
  models::DcganDiscriminator discriminator_;
  optim::AdamW generator_optimizer_{generator_.parameters(), {.lr = 1e-3, .beta1 = 0.5, .weight_decay = 0}};
  optim::AdamW discriminator_optimizer_{discriminator_.parameters(), {.lr = 5e-4, .beta1 = 0.5, .weight_decay = 0}};
  RandomStream random_{.seed = 1};
};

/// The images in `dir`, or generated shapes if `dir` is empty.
std::unique_ptr<data::Dataset> open(const std::string& dir, data::Split split, std::int64_t size) {
  if (!dir.empty()) return data::open_dataset(dir, split, {.side = side});
  return std::make_unique<data::Shapes>(data::ShapesOptions{.split = split, .size = size});
}

Trained train(Lesson& lesson, const std::string& name, Upsampling upsampling, const data::Dataset& images,
              std::int64_t epochs) {
  manual_seed(1);
  data::Loader loader(images, {.batch_size = batch_size, .shuffle = true, .drop_last = true});
  require_batches(loader);
  Gan gan(upsampling);
  RandomStream random{.seed = 2};
  const Array numbers = draw_latent(64, random);
  Trained result;
  result.before = sample(gan.generator(), numbers);
  for (std::int64_t epoch = 1; epoch <= epochs; ++epoch) {
    viz::Progress progress(fmt::format("epoch {}/{}", epoch, epochs), loader.batches() * batch_size);
    Losses sums;
    std::int64_t steps = 0;
    for (const auto& [real, labels] : loader) {
      const Losses losses = gan.step(centered(real));
      sums.discriminator += losses.discriminator;
      sums.generator += losses.generator;
      const auto n = static_cast<double>(++steps);
      result.losses = {sums.discriminator / n, sums.generator / n};
      progress.update(steps * batch_size, fmt::format("losses: discriminator {:.3f}  generator {:.3f}",
                                                      result.losses.discriminator, result.losses.generator));
    }
    progress.finish();
    result.after = sample(gan.generator(), numbers);
    lesson.picture(fmt::format("12_{}_epoch_{}.png", name, epoch),
                   viz::image_grid(pictures_of(result.after, 64, -1), {.columns = 8, .enlarge = 2, .padding = 2}));
  }
  return result;
}

/// The power spectrum (side, side), averaged over images; frequency 0 is in the center, and the first row and column
/// have period 2.
Array power_spectrum(const Array& images) {
  Array cosines = Array::empty({side, side});
  Array sines = Array::empty({side, side});
  for (std::int64_t i = 0; i < side * side; ++i) {
    const auto turns = static_cast<double>((i / side - side / 2) * (i % side)) / static_cast<double>(side);
    cosines.mutable_data<float>()[i] = static_cast<float>(std::cos(2 * std::numbers::pi * turns));
    sines.mutable_data<float>()[i] = static_cast<float>(std::sin(2 * std::numbers::pi * turns));
  }
  const auto along_both = [&images](const Array& rows, const Array& columns) {
    return matmul(matmul(rows, images.contiguous()), transpose(columns, 0, 1));
  };
  const Tensor real = along_both(cosines, cosines) - along_both(sines, sines);
  const Tensor imaginary = along_both(cosines, sines) + along_both(sines, cosines);
  return mean(real * real + imaginary * imaginary, {0, 1}).array();
}

/// The power at period 2 along either axis relative to slightly lower frequencies: about 1 without a checkerboard.
double checkerboard(const Array& images) {
  const Array power = power_spectrum(images);
  double period_two = 0;
  double beside = 0;
  for (std::int64_t i = 4; i < side - 4; ++i) {
    period_two += power.at({0, i}) + power.at({i, 0});
    beside += power.at({2, i}) + power.at({i, 2});
  }
  return period_two / beside;
}

Array spectrum_picture(const Array& images) {
  return data::enlarge(gray_picture(log(power_spectrum(images)).array()), 4);
}

/// The variance over images, averaged over all elements of an image.
double spread(const Array& images) {
  return mean(var(images, {0})).item();
}

void compare(Lesson& lesson, const Array& real, const Trained& transposed, const Trained& resized) {
  const std::pair<std::string, const Trained*> gans[] = {{"transposed", &transposed}, {"resized", &resized}};
  lesson.part("Did training succeed?");
  lesson.say(fmt::format("variance of the data {:.3f}", spread(real)));
  for (const auto& [name, gan] : gans) {
    lesson.say(fmt::format("{}: discriminator loss {:.3f}, generator loss {:.3f}; variance of samples {:.3f}", name,
                           gan->losses.discriminator, gan->losses.generator, spread(gan->after)));
    // A discriminator that guesses has a loss of 1.386 and gives the generator 0.693; a perfect one has 0.325.
    lesson.holds("neither network dominates the other", gan->losses.discriminator > 0.5 &&
                                                            gan->losses.discriminator < 1.5 &&
                                                            gan->losses.generator > 0.5 && gan->losses.generator < 5);
    const double share = spread(gan->after) / spread(real);
    lesson.holds("samples vary about as much as the data", share > 0.3 && share < 3);
  }

  lesson.part("Checkerboards: power at period 2 relative to neighboring frequencies");
  lesson.say(fmt::format("data {:.2f}", checkerboard(real)));
  for (const auto& [name, gan] : gans) {
    lesson.say(fmt::format("{}: {:.2f} before training, {:.2f} after", name, checkerboard(gan->before),
                           checkerboard(gan->after)));
  }
  lesson.holds("untrained transposed convolutions produce checkerboards", checkerboard(transposed.before) > 5);
  lesson.holds("untrained interpolation and convolutions do not", checkerboard(resized.before) < 1.5);
  lesson.holds("training does not remove them completely",
               checkerboard(transposed.after) > checkerboard(resized.after));
  lesson.picture(
      "12_spectra.png",
      viz::image_grid({spectrum_picture(real), spectrum_picture(transposed.before), spectrum_picture(transposed.after),
                       spectrum_picture(resized.before), spectrum_picture(resized.after)},
                      {.columns = 5,
                       .enlarge = 1,
                       .captions = {caption("data"), caption("transposed, untrained"), caption("transposed, trained"),
                                    caption("resized, untrained"), caption("resized, trained")}}));
  lesson.picture("12_dcgan.png", rows_of_pictures({{"data", pictures_of(real, 8, -1)},
                                                   {"transposed", pictures_of(transposed.after, 8, -1)},
                                                   {"resized", pictures_of(resized.after, 8, -1)}},
                                                  3));
}

}  // namespace

int main(int argc, char** argv) {
  bool quick = false;
  std::string dir;
  return run_lesson(
      argc, argv, "12: DCGAN and checkerboard artifacts",
      [&](Lesson& lesson) {
        const Length length = quick ? Length{3, 120} : Length{5, 400};
        const auto images = open(dir, data::Split::train, length.steps * batch_size);
        const auto held_out = open(dir, data::Split::test, 64);
        lesson.part("A generator with transposed convolutions");
        const Trained transposed =
            train(lesson, "transposed", Upsampling::transposed_convolution, *images, length.epochs);
        lesson.part("A generator with interpolation and convolutions");
        const Trained resized = train(lesson, "resized", Upsampling::resize_convolution, *images, length.epochs);
        data::Loader loader(*held_out, {.batch_size = 64});
        compare(lesson, centered(loader.begin()->images), transposed, resized);
        lesson.learned(
            "two networks trained against each other turn random numbers into images. A transposed convolution treats\n"
            "even and odd pixels differently and must learn not to; upsampling followed by a convolution does not.");
      },
      {{"--quick", &quick, "Train briefly, for the tests"},
       {"--data", &dir, "Folder with the CIFAR-10 binaries, or with train/ and test/ of 32x32 images"}});
}
