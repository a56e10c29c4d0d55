#include "lesson/lesson.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <tapestry/core/atomic_file.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/program.hpp>
#include <tapestry/data/drawing/draw.hpp>
#include <tapestry/data/drawing/figures.hpp>
#include <tapestry/data/image/image.hpp>
#include <tapestry/viz/heat_map.hpp>

using tapestry::Array;

void Lesson::part(const std::string& title) {
  std::cout << fmt::format("\n{}\n{}\n", title, std::string(title.size(), '-'));
}

void Lesson::say(const std::string& text) {
  std::cout << text << '\n';
}

void Lesson::show(const std::string& name, const Array& array) {
  const auto values = array.to(tapestry::DType::f64).to_vector<double>();
  const auto columns = static_cast<std::size_t>(array.size(-1));
  std::cout << fmt::format("{} {}\n", name, to_string(array.shape()));
  std::size_t width = 0;
  for (const double value : values) width = std::max(width, fmt::format("{:.4g}", value).size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::cout << fmt::format("  {:>{}.4g}{}", values[i], width, (i + 1) % columns == 0 ? "\n" : "");
  }
}

void Lesson::holds(const std::string& fact, bool is_true) {
  std::cout << fmt::format("{} {}\n", is_true ? "  [yes]" : "  [NO] ", fact);
  all_hold_ = all_hold_ && is_true;
}

void Lesson::picture(const std::string& name, const Array& image) {
  tapestry::data::write_png(file(name), image);
  std::cout << fmt::format("picture: {}\n", file(name));
}

std::string Lesson::file(const std::string& name) const {
  std::filesystem::create_directories(pictures_);
  return pictures_ + "/" + name;
}

void Lesson::learned(const std::string& text) {
  std::cout << fmt::format("\nLearned: {}\n", text);
}

namespace {

int parse_and_run(int argc, char** argv, const std::string& about, const std::function<void(Lesson&)>& body,
                  const std::vector<LessonOption>& options) {
  CLI::App app(about);
  std::string out = "runs/lessons";
  app.add_option("--out", out, "Output folder for pictures")->capture_default_str();
  for (const auto& [name, value, help] : options) {
    if (bool* const* const flag = std::get_if<bool*>(&value)) {
      app.add_flag(name, **flag, help);
    } else {
      app.add_option(name, *std::get<std::string*>(value), help);
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return 0;
  } catch (const CLI::ParseError& error) {
    std::cerr << "error: " << error.what() << " (--help lists the options)\n";
    return 2;
  }
  Lesson lesson(out);
  // Before a lesson that may train for a minute.
  tapestry::require_replaceable(lesson.file("picture.png"));
  std::cout << about << '\n';
  body(lesson);
  return lesson.all_hold() ? 0 : 1;
}

}  // namespace

int run_lesson(int argc, char** argv, const std::string& about, const std::function<void(Lesson&)>& body,
               const std::vector<LessonOption>& options) {
  return tapestry::run_program("error", [&] { return parse_and_run(argc, argv, about, body, options); });
}

Array gray_picture(const Array& plane) {
  const auto values = plane.to_vector<float>();
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const float range = *high > *low ? *high - *low : 1.0F;
  std::vector<std::uint8_t> gray;
  for (const float value : values) gray.push_back(static_cast<std::uint8_t>(std::lround(255 * (value - *low) / range)));
  return Array::from({1, plane.size(0), plane.size(1)}, gray);
}

Array framed_map(const Array& plane, std::int64_t enlarge, double limit) {
  const Array map = tapestry::data::enlarge(tapestry::viz::heat_map(plane, {.limit = limit}), enlarge);
  Array canvas = Array::full({3, map.size(1) + 2, map.size(2) + 2}, 190, tapestry::DType::u8);
  tapestry::data::paste(canvas, map, 1, 1);
  return canvas;
}

tapestry::viz::Caption caption(const std::string& text) {
  return {text, {60, 60, 60}};
}

std::vector<Array> pictures_of(const Array& images, std::int64_t count, double black) {
  const double range = 1 - black;
  const std::vector<double> mean(3, -black / range);
  const std::vector<double> deviation(3, 1 / range);
  std::vector<Array> pictures;
  for (std::int64_t i = 0; i < count; ++i) {
    const Array image = images.slice(i, i + 1).reshape({3, images.size(2), images.size(3)});
    pictures.push_back(tapestry::viz::to_picture(image, mean, deviation));
  }
  return pictures;
}

Array rows_of_pictures(const std::vector<PictureRow>& rows, std::int64_t enlarge) {
  std::vector<Array> pictures;
  std::vector<tapestry::viz::Caption> captions;
  for (const PictureRow& row : rows) {
    pictures.insert(pictures.end(), row.pictures.begin(), row.pictures.end());
    captions.push_back(caption(row.name));
    captions.resize(pictures.size(), caption(" "));
  }
  const auto columns = static_cast<std::int64_t>(rows.front().pictures.size());
  return tapestry::viz::image_grid(pictures,
                                   {.columns = columns, .enlarge = enlarge, .padding = 6, .captions = captions});
}

Array plane_of(const Array& images, std::int64_t sample, std::int64_t channel) {
  const Array image = images.contiguous().slice(sample, sample + 1);
  const tapestry::Shape planes = {image.size(1), image.size(2), image.size(3)};
  return image.reshape(planes).slice(channel, channel + 1).reshape({image.size(2), image.size(3)});
}

Array star(std::int64_t size) {
  const auto& names = tapestry::data::figure_names();
  const auto number = static_cast<int>(std::find(names.begin(), names.end(), "star") - names.begin());
  const float half = static_cast<float>(size - 1) / 2;
  Array image = Array::empty({1, 1, size, size});
  float* pixels = image.mutable_data<float>();
  for (std::int64_t i = 0; i < image.numel(); ++i) {
    const tapestry::data::Point point = {(static_cast<float>(i % size) - half) / half * 1.4F,
                                         (static_cast<float>(i / size) - half) / half * 1.4F};
    const float inside = 0.5F - tapestry::data::figure_distance(number, point) * half / 1.4F;
    pixels[i] = 0.15F + 0.7F * std::clamp(inside, 0.0F, 1.0F);
  }
  return image;
}

bool is_close(const Array& a, const Array& b, double tolerance) {
  if (a.shape() != b.shape()) return false;
  const auto first = a.to(tapestry::DType::f64).to_vector<double>();
  const auto second = b.to(tapestry::DType::f64).to_vector<double>();
  return std::equal(first.begin(), first.end(), second.begin(),
                    [tolerance](double x, double y) { return std::abs(x - y) <= tolerance; });
}
