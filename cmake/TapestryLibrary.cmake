# One static library per folder. A folder of links in the build tree maps `#include <tapestry/nn/layers/conv2d.hpp>` to
# nn/layers/conv2d.hpp in the source tree, so that include lines are the same as for an installed Tapestry.
set(TAPESTRY_INCLUDE_DIR ${PROJECT_BINARY_DIR}/include)
file(MAKE_DIRECTORY ${TAPESTRY_INCLUDE_DIR}/tapestry)
set(TAPESTRY_TARGETS "")
set(TAPESTRY_PRIVATE_LINKS "")

add_library(tapestry_build_options INTERFACE)
target_compile_features(tapestry_build_options INTERFACE cxx_std_20)
target_compile_options(tapestry_build_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  $<$<BOOL:${TAPESTRY_WERROR}>:-Werror>
  # Errno and floating-point exceptions are not used; preserving them would prevent vectorizing √x and conditionals.
  -fno-math-errno -fno-trapping-math
  # Multiply-adds are explicit. Contraction by the compiler would depend on the surrounding code, and the same formula
  # could give different bits in two places: on aarch64 everywhere, on x86-64 with -march=native.
  -ffp-contract=off
  $<$<CONFIG:Debug>:-Og>)
if(TAPESTRY_SANITIZE)
  target_compile_options(tapestry_build_options INTERFACE
    -fsanitize=${TAPESTRY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(tapestry_build_options INTERFACE -fsanitize=${TAPESTRY_SANITIZE})
endif()

# tapestry_unity_build(target sources...): compiles the sources of each folder, together with those of its subfolder
# "detail", as one translation unit, because most of a file's compile time is its headers. Files of a folder must not
# use a name twice in anonymous namespaces.
function(tapestry_unity_build target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${TAPESTRY_UNITY_BUILD} UNITY_BUILD_MODE GROUP)
  foreach(source ${ARGN})
    cmake_path(GET source PARENT_PATH folder)
    string(REGEX REPLACE "/detail$" "" folder ${folder})
    string(MAKE_C_IDENTIFIER ${folder} group)
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group})
  endforeach()
endfunction()

# tapestry_optimize_lightly(target): for code without loops over elements, which -O3 would take a third longer to compile.
function(tapestry_optimize_lightly target)
  target_compile_options(${target} PRIVATE $<$<NOT:$<CONFIG:Debug>>:-O1>)
endfunction()

# tapestry_library(folder DEPENDS lower folders... PRIVATE_LINKS other libraries...)
function(tapestry_library folder)
  cmake_parse_arguments(ARG "" "" "DEPENDS;PRIVATE_LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
  set(target tapestry_${folder})
  add_library(${target} STATIC ${sources})
  add_library(tapestry::${folder} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${folder} POSITION_INDEPENDENT_CODE ON)
  # Hidden, so that a plugin that contains these libraries exports none of their symbols. Kernels are always internal.
  if(NOT BUILD_SHARED_LIBS OR folder STREQUAL "kernels")
    set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  endif()
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${TAPESTRY_INCLUDE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  list(TRANSFORM ARG_DEPENDS PREPEND tapestry_)
  if(NOT folder STREQUAL "kernels")  # Highway includes each of these files once per instruction set.
    tapestry_unity_build(${target} ${sources})
  endif()
  target_link_libraries(${target}
    PUBLIC ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE_LINKS} $<BUILD_INTERFACE:tapestry_build_options>)
  if(TAPESTRY_SANITIZE)
    target_link_options(${target} PUBLIC -fsanitize=${TAPESTRY_SANITIZE})
  endif()
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${folder} ${TAPESTRY_INCLUDE_DIR}/tapestry/${folder} SYMBOLIC)
  set(TAPESTRY_TARGETS ${TAPESTRY_TARGETS} ${target} PARENT_SCOPE)
  set(TAPESTRY_PRIVATE_LINKS ${TAPESTRY_PRIVATE_LINKS} ${ARG_PRIVATE_LINKS} PARENT_SCOPE)
endfunction()

# tapestry_umbrella(DEPENDS folders...): tapestry::tapestry, the target for users to link: all static libraries or, with
# BUILD_SHARED_LIBS, one shared library, which exports namespace tapestry without its kernels. Tests and benchmarks also
# use kernels and therefore link tapestry_all, the static libraries.
macro(tapestry_umbrella)
  cmake_parse_arguments(UMBRELLA "" "" "DEPENDS" ${ARGN})
  list(TRANSFORM UMBRELLA_DEPENDS PREPEND tapestry_)
  add_library(tapestry_all INTERFACE)
  set_target_properties(tapestry_all PROPERTIES EXPORT_NAME tapestry)
  target_link_libraries(tapestry_all INTERFACE ${UMBRELLA_DEPENDS})
  if(BUILD_SHARED_LIBS)
    set(exports ${PROJECT_SOURCE_DIR}/cmake/exports.map)
    add_library(tapestry_shared SHARED)
    foreach(target ${TAPESTRY_TARGETS})
      target_sources(tapestry_shared PRIVATE $<TARGET_OBJECTS:${target}>)
    endforeach()
    target_link_libraries(tapestry_shared PRIVATE ${TAPESTRY_PRIVATE_LINKS})
    set_target_properties(tapestry_shared PROPERTIES OUTPUT_NAME tapestry EXPORT_NAME tapestry LINKER_LANGUAGE CXX
      VERSION ${PROJECT_VERSION} SOVERSION ${TAPESTRY_ABI} LINK_DEPENDS ${exports})
    target_compile_features(tapestry_shared PUBLIC cxx_std_20)
    target_include_directories(tapestry_shared INTERFACE
      $<BUILD_INTERFACE:${TAPESTRY_INCLUDE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_options(tapestry_shared PRIVATE -Wl,--version-script=${exports} -Wl,--no-undefined)
    add_library(tapestry::tapestry ALIAS tapestry_shared)
    set(TAPESTRY_TARGETS tapestry_shared)
  else()
    add_library(tapestry::tapestry ALIAS tapestry_all)
    list(APPEND TAPESTRY_TARGETS tapestry_all)
  endif()
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/tapestry.hpp ${TAPESTRY_INCLUDE_DIR}/tapestry/tapestry.hpp SYMBOLIC)
endmacro()
