// 22: which classes a network takes for which. The share of right answers is one number; the matrix says where the
// mistakes are. Prints the share for each class and the pair that is mixed up most: pentagons, which a network that is
// still learning takes for circles.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <tapestry/viz/confusion_matrix.hpp>

#include "lesson/figures_network.hpp"

using namespace tapestry;

namespace {

Array true_labels(const data::Dataset& images) {
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < images.size(); ++i) labels.push_back(images.get(i).label);
  return Array::from({images.size()}, labels);
}

/// Prints the share of right answers for each class; gives that of all.
double print_shares(Lesson& lesson, const Array& counts, const std::vector<std::string>& names) {
  lesson.part("Right answers by class");
  double right = 0, all = 0;
  for (std::int64_t row = 0; row < counts.size(0); ++row) {
    double of_class = 0;
    for (std::int64_t column = 0; column < counts.size(1); ++column) of_class += counts.at({row, column});
    lesson.say(fmt::format("  {:<12} {:>5.1f} %", names[static_cast<std::size_t>(row)],
                           100 * counts.at({row, row}) / of_class));
    right += counts.at({row, row});
    all += of_class;
  }
  lesson.say(fmt::format("  {:<12} {:>5.1f} %", "all", 100 * right / all));
  return right / all;
}

void print_worst(Lesson& lesson, const Array& counts, const std::vector<std::string>& names) {
  std::int64_t truth = 0, taken_for = 1;
  for (std::int64_t row = 0; row < counts.size(0); ++row) {
    for (std::int64_t column = 0; column < counts.size(1); ++column) {
      if (row == column || counts.at({row, column}) <= counts.at({truth, taken_for})) continue;
      truth = row;
      taken_for = column;
    }
  }
  lesson.say(fmt::format("The mistake made most often: {} is taken for {}, {} times.",
                         names[static_cast<std::size_t>(truth)], names[static_cast<std::size_t>(taken_for)],
                         counts.at({truth, taken_for})));
}

void run(Lesson& lesson, const std::string& folder) {
  // On drawn figures a network that is still learning: later it makes next to no mistakes.
  const auto model = trained_network(lesson, folder, folder.empty());
  const auto images = lesson_images(folder, data::Split::test);
  const auto names = images->class_names();
  const Array predicted = Array::from({images->size()}, predictions(*model, *images));
  const Array counts = viz::confusion_counts(true_labels(*images), predicted, 10);
  const double accuracy = print_shares(lesson, counts, names);
  print_worst(lesson, counts, names);
  lesson.picture("22_confusion_matrix.png", viz::confusion_matrix(counts, names));
  const double bound = folder.empty() ? 0.6 : 0.4;
  lesson.holds(fmt::format("more than {:.0f} % are right", 100 * bound), accuracy > bound);
  lesson.learned("look at where the mistakes are before you look for a better network.");
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder;
  return run_lesson(
      argc, argv, "22: a confusion matrix", [&](Lesson& lesson) { run(lesson, folder); },
      [&](CLI::App& app) { app.add_option("--data", folder, "Folder of images, as train_cifar10 takes it"); });
}
