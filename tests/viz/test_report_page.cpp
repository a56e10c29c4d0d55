#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <tapestry/core/error.hpp>
#include <tapestry/data/image/image.hpp>
#include <tapestry/viz/report_page.hpp>

#include "catch.hpp"
#include "data/temporary_folder.hpp"
#include "viz/html.hpp"

namespace test_report_page {

using namespace tapestry;
using namespace tapestry::testing;
using viz::ReportPage;

namespace {

namespace fs = std::filesystem;

/// The HTML of a page.
std::string text_of(const ReportPage& page) {
  const TemporaryFolder folder;
  page.write((folder.path() / "page.html").string());
  const auto bytes = file_bytes(folder.path() / "page.html");
  return {bytes.begin(), bytes.end()};
}

std::ptrdiff_t files_in(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

/// Writes a picture with varied bytes.
std::string write_picture(const fs::path& path, std::int64_t width) {
  Array image = Array::empty({3, 5, width}, DType::u8);
  auto* pixels = image.mutable_data<std::uint8_t>();
  for (std::int64_t i = 0; i < image.numel(); ++i) pixels[i] = static_cast<std::uint8_t>(i * i * 37 + i / 7);
  data::write_png(path.string(), image);
  return path.string();
}

}  // namespace

TEST_CASE("a report page contains its parts in the order in which they were added") {
  ReportPage page("a run");
  page.heading("numbers");
  page.table({{"name", "color", "count"}, {"a", "red", "1"}, {"b", "blue", "22"}}, 2);
  page.paragraph("That was all.");
  page.preformatted("\n  x\n");
  const std::string text = text_of(page);
  CHECK(text.starts_with("<!DOCTYPE html>\n<html lang=\"en\">\n"));
  CHECK_THAT(text, ContainsSubstring("<title>a run</title>"));
  CHECK_THAT(text,
             ContainsSubstring("<h1>a run</h1>\n"
                               "<h2>numbers</h2>\n"
                               "<div><table>\n"
                               "<tr><th class=\"left\">name</th><th class=\"left\">color</th><th>count</th></tr>\n"
                               "<tr><td class=\"left\">a</td><td class=\"left\">red</td><td>1</td></tr>\n"
                               "<tr><td class=\"left\">b</td><td class=\"left\">blue</td><td>22</td></tr>\n"
                               "</table></div>\n"
                               "<p>That was all.</p>\n"
                               "<pre>\n\n  x\n</pre>\n"
                               "</body>\n"));
  CHECK(html_fault(text).empty());
  CHECK(html_fault(text_of(ReportPage(""))).empty());
}

TEST_CASE("a report page shows all texts literally") {
  const TemporaryFolder folder;
  const std::string picture = write_picture(folder.path() / "a.png", 4);
  const std::string hostile = "</title></p>\"'><script>é & &lt;\x01\x7f\xf0\x9f\x99\x82";
  const std::string shown = "&lt;/title&gt;&lt;/p&gt;&quot;&#39;&gt;&lt;script&gt;é &amp; &amp;lt;  \xf0\x9f\x99\x82";
  ReportPage page(hostile);
  page.heading(hostile);
  page.paragraph(hostile);
  page.preformatted(hostile);
  page.table({{hostile}, {hostile}}, 0);
  page.picture(picture, hostile);
  const std::string text = text_of(page);
  for (const std::string& part :
       {"<title>" + shown + "</title>", "<h1>" + shown + "</h1>", "<h2>" + shown + "</h2>", "<p>" + shown + "</p>",
        "<pre>\n" + shown + "</pre>", "<th>" + shown + "</th>", "<td>" + shown + "</td>",
        "<img alt=\"" + shown + "\" src=", "<figcaption>" + shown + "</figcaption>"}) {
    CHECK_THAT(text, ContainsSubstring(part));
  }
  CHECK_THAT(text, !ContainsSubstring("<script"));
  CHECK(html_fault(text).empty());
  CHECK(html_fault("<!DOCTYPE html>\n" + hostile) == "</title> closes nothing");
  CHECK(html_fault("<p><b></p>") == "</p> closes <b>");
  CHECK(html_fault("<p><img/>") == "<p> is not closed");

  ReportPage kept("a");
  kept.preformatted("\t1\r\n");
  kept.paragraph(std::string("a\0b", 3));
  CHECK_THAT(text_of(kept), ContainsSubstring("<pre>\n\t1 \n</pre>\n<p>a b</p>"));
}

TEST_CASE("a report page embeds the bytes of its pictures") {
  const TemporaryFolder folder;
  ReportPage page("pictures");
  // Sizes with different remainders modulo 3.
  std::vector<std::vector<std::uint8_t>> wanted;
  for (const std::int64_t width : {3, 40, 41, 301}) {
    const std::string path = write_picture(folder.path() / "a.png", width);
    wanted.push_back(file_bytes(path));
    page.picture(path, "of " + std::to_string(width));
    fs::remove(path);
  }
  const std::string text = text_of(page);
  CHECK(embedded_pictures(text) == wanted);
  CHECK(html_fault(text).empty());
}

TEST_CASE("adding an invalid part leaves a report page unchanged") {
  const TemporaryFolder folder;
  const std::string good = write_picture(folder.path() / "good.png", 9), bad = (folder.path() / "bad.png").string();
  ReportPage page("a run");
  page.paragraph("before");
  const std::string before = text_of(page);
  CHECK_THROWS_WITH(page.table({}), "report_page: expected a table of at least one row");
  CHECK_THROWS_WITH(page.table({{"a", "b"}, {"1", "2"}, {"3"}}),
                    "report_page: expected 2 cells in every row of a table as in its header, got 1 in row 2");
  CHECK_THROWS_WITH(page.picture(bad, "x"), "report_page: cannot read " + bad + ": No such file or directory");
  CHECK_THROWS_WITH(page.picture(folder.path().string(), "x"),
                    "report_page: cannot read " + folder.path().string() + ": it is a directory");
  put_file(bad, std::string("<svg/>"));
  CHECK_THROWS_WITH(page.picture(bad, "x"), "report_page: " + bad + ": not a PNG file");
  put_file(bad, std::string());
  CHECK_THROWS_WITH(page.picture(bad, "x"), "report_page: " + bad + ": not a PNG file");
  auto bytes = file_bytes(good);
  bytes.resize(bytes.size() - 12);
  put_file(bad, bytes);
  CHECK_THROWS_WITH(page.picture(bad, "x"),
                    "report_page: " + bad + ": truncated: no IEND chunk in " + std::to_string(bytes.size()) + " bytes");
  CHECK_THROWS_AS(page.picture(bad, "x"), IoError);
  CHECK_THROWS_AS(page.table({}), ValueError);
  CHECK(text_of(page) == before);
}

TEST_CASE("a report page that cannot be written leaves no files behind") {
  const TemporaryFolder folder;
  const ReportPage page("a run");
  const std::string missing = (folder.path() / "missing" / "page.html").string();
  CHECK_THROWS_WITH(page.write(missing),
                    missing + ": cannot create a temporary file beside it: No such file or directory");
  CHECK(files_in(folder.path()) == 0);
  fs::create_directory(folder.path() / "page.html");
  const std::string taken = (folder.path() / "page.html").string();
  CHECK_THROWS_WITH(page.write(taken), taken + ": cannot write: it exists and is not a regular file");
  CHECK(files_in(folder.path()) == 1);

  const std::string written = (folder.path() / "written.html").string();
  put_file(written, std::string("earlier"));
  page.write(written);
  CHECK(file_bytes(written).size() > 100);
  CHECK(files_in(folder.path()) == 2);
}

}  // namespace test_report_page
