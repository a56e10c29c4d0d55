// Reads and writes weights in the safetensors format (https://github.com/huggingface/safetensors#format): eight bytes
// with the length of a JSON header, the header, the raw little-endian elements.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <tapestry/core/array.hpp>

namespace tapestry::io {

/// Named arrays, in a fixed order.
using NamedArrays = std::vector<std::pair<std::string, Array>>;
/// Free text stored with the arrays.
using Metadata = std::map<std::string, std::string>;

/// Writes `arrays` as F32, F64, I64 and U8 tensors in row-major order (arrays in channels_last are converted). The same
/// arguments give the same bytes. The header lists the arrays in the given order and is padded with spaces so that the
/// elements begin at a multiple of eight bytes; larger types come first, which aligns every tensor. The file is
/// replaced atomically, see `replace_file`. Throws a ValueError for a name that is given twice, reserved
/// ("__metadata__"), not UTF-8 or longer than 65,536 bytes, for an undefined array, for more than 500,000 arrays and
/// metadata texts and for a header longer than the format allows; an IoError with the path and the reason when writing
/// fails.
void save_safetensors(const std::string& path, const NamedArrays& arrays, const Metadata& metadata = {});

/// Reads all tensors, in the order of the header, as row-major arrays. Throws an IoError with the path, the tensor and
/// the numbers when the file cannot be read, violates the format or has more or longer names than
/// `save_safetensors` writes; everything is checked before anything is allocated.
NamedArrays load_safetensors(const std::string& path);

/// Reads only the metadata; checks the file and throws as `load_safetensors` does.
Metadata load_safetensors_metadata(const std::string& path);

}  // namespace tapestry::io
