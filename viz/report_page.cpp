#include <cstdint>
#include <span>

#include <fmt/format.h>

#include <tapestry/core/atomic_file.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/data/detail/file.hpp>
#include <tapestry/data/image/detail/png_check.hpp>
#include <tapestry/viz/base64.hpp>
#include <tapestry/viz/report_page.hpp>

namespace tapestry::viz {
namespace {

// "color-scheme" lets the browser choose the colors of text and background. Pictures are drawn for a white background.
constexpr std::string_view style = R"(
:root { color-scheme: light dark; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
h2 { margin: 2.5rem 0 0.75rem; }
div, pre { overflow-x: auto; }
pre { line-height: 1.35; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 1rem 0.2rem 0; border-bottom: 1px solid rgb(128 128 128 / 40%); text-align: right; }
.left { text-align: left; }
figure { margin: 1.5rem 0; }
img { max-width: 100%; background: white; }
)";

/// The text with HTML special characters escaped.
std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    const bool is_control = (code < ' ' && c != '\t' && c != '\n') || c == '\x7f';
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += is_control ? ' ' : c;
    }
  }
  return html;
}

std::string row_of(const std::vector<std::string>& cells, std::string_view tag, std::size_t left_columns) {
  std::string html = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    html += fmt::format("<{0}{1}>{2}</{0}>", tag, i < left_columns ? " class=\"left\"" : "", escaped(cells[i]));
  }
  return html + "</tr>\n";
}

}  // namespace

ReportPage::ReportPage(std::string_view title) : title_(escaped(title)) {}

void ReportPage::heading(std::string_view text) {
  body_ += fmt::format("<h2>{}</h2>\n", escaped(text));
}

void ReportPage::paragraph(std::string_view text) {
  body_ += fmt::format("<p>{}</p>\n", escaped(text));
}

void ReportPage::preformatted(std::string_view text) {
  // Browsers drop a newline directly after the tag; add one so that a newline at the start of the text is kept.
  body_ += fmt::format("<pre>\n{}</pre>\n", escaped(text));
}

void ReportPage::table(const std::vector<std::vector<std::string>>& rows, std::size_t left_columns) {
  if (rows.empty()) throw ValueError("report_page: expected a table of at least one row");
  std::string html;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].size() != rows[0].size()) {
      throw ValueError(
          fmt::format("report_page: expected {} cells in every row of a table as in its header, got {} in row {}",
                      rows[0].size(), rows[i].size(), i));
    }
    html += row_of(rows[i], i == 0 ? "th" : "td", left_columns);
  }
  body_ += "<div><table>\n" + html + "</table></div>\n";
}

void ReportPage::picture(const std::string& path, std::string_view caption) {
  const std::vector<std::uint8_t> bytes = data::read_file("report_page", path);
  if (!data::png_header(bytes)) throw IoError(fmt::format("report_page: {}: not a PNG file", path));
  if (const auto damage = data::png_damage(bytes)) throw IoError(fmt::format("report_page: {}: {}", path, *damage));
  const std::string text = escaped(caption);
  body_ +=
      fmt::format("<figure><img alt=\"{}\" src=\"data:image/png;base64,{}\"/>\n<figcaption>{}</figcaption></figure>\n",
                  text, detail::base64(bytes), text);
}

void ReportPage::write(const std::string& path) const {
  const std::string page = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>{0}</title>\n<style>{1}</style>\n</head>\n"
      "<body>\n<h1>{0}</h1>\n{2}</body>\n</html>\n",
      title_, style, body_);
  replace_file(path, {std::as_bytes(std::span(page))});
}

}  // namespace tapestry::viz
