# The libraries that Tapestry is built with. Read by the build and, once installed, by the package config: both must
# find the same targets.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(OpenMP COMPONENTS CXX)
find_dependency(PkgConfig)
find_dependency(fmt)
if(NOT TARGET PkgConfig::OpenBLAS)
  pkg_check_modules(OpenBLAS REQUIRED IMPORTED_TARGET openblas)
endif()
if(NOT TARGET PkgConfig::Highway)
  pkg_check_modules(Highway REQUIRED IMPORTED_TARGET libhwy)
endif()
