// Makes PNG files that an encoder would not write.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// A chunk with length and checksum.
inline std::vector<std::uint8_t> png_chunk(const std::string& type, const std::vector<std::uint8_t>& content) {
  const auto number = [](std::vector<std::uint8_t>& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
  };
  std::vector<std::uint8_t> chunk;
  number(chunk, static_cast<std::uint32_t>(content.size()));
  chunk.insert(chunk.end(), type.begin(), type.end());
  chunk.insert(chunk.end(), content.begin(), content.end());
  std::uint32_t crc = 0xFFFFFFFFU;
  for (std::size_t i = 4; i < chunk.size(); ++i) {
    crc ^= chunk[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? 0xEDB88320U ^ (crc >> 1) : crc >> 1;
  }
  number(chunk, ~crc);
  return chunk;
}

struct PngKind {
  std::uint8_t bits = 8;
  std::uint8_t color_type = 2;  ///< 2: red, green, blue; 6: and alpha
  bool is_interlaced = false;
};

/// A file with a header and IDAT chunks.
inline std::vector<std::uint8_t> png_file(std::uint32_t width, std::uint32_t height, const PngKind& kind,
                                          const std::vector<std::vector<std::uint8_t>>& compressed) {
  std::vector<std::uint8_t> header;
  for (const std::uint32_t size : {width, height}) {
    for (int shift = 24; shift >= 0; shift -= 8) header.push_back(static_cast<std::uint8_t>(size >> shift));
  }
  header.insert(header.end(), {kind.bits, kind.color_type, 0, 0, std::uint8_t{kind.is_interlaced}});
  std::vector<std::uint8_t> file = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  const auto add = [&file](const std::vector<std::uint8_t>& chunk) {
    file.insert(file.end(), chunk.begin(), chunk.end());
  };
  add(png_chunk("IHDR", header));
  for (const auto& part : compressed) add(png_chunk("IDAT", part));
  add(png_chunk("IEND", {}));
  return file;
}

/// A zlib stream of `bytes` bytes that inflates to about 158 times as many zeros: one literal, then copies of 258 bytes
/// at distance 1, of 13 bits each, in the fixed code (RFC 1951, 3.2.6).
inline std::vector<std::uint8_t> zlib_bomb(std::size_t bytes) {
  std::vector<std::uint8_t> stream = {0x78, 0x01};
  unsigned buffer = 0;
  int filled = 0;
  const auto put = [&](unsigned bit) {
    buffer |= bit << filled;
    if (++filled == 8) {
      stream.push_back(static_cast<std::uint8_t>(buffer));
      buffer = 0;
      filled = 0;
    }
  };
  // Final block, fixed code, literal 0 (00110000).
  for (const unsigned bit : {1U, 1U, 0U, 0U, 0U, 1U, 1U, 0U, 0U, 0U, 0U}) put(bit);
  while (stream.size() < bytes) {
    // Length 258 (11000101), distance 1 (00000).
    for (const unsigned bit : {1U, 1U, 0U, 0U, 0U, 1U, 0U, 1U, 0U, 0U, 0U, 0U, 0U}) put(bit);
  }
  // The end of the block, seven zero bits, and the checksum, which stb_image does not compare.
  stream.insert(stream.end(), 8, 0);
  return stream;
}
