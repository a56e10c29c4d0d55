# The libraries that Tapestry is linked with. Read by the build and, once installed, by the package config: both must
# find the same targets.
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
if(NOT TARGET PkgConfig::OpenBLAS)
  pkg_check_modules(OpenBLAS REQUIRED IMPORTED_TARGET GLOBAL openblas)
endif()
if(NOT TARGET PkgConfig::Highway)
  pkg_check_modules(Highway REQUIRED IMPORTED_TARGET GLOBAL libhwy)
endif()
