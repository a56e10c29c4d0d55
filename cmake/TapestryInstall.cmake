# `cmake --install` copies libraries, public headers and a package config, so that find_package(tapestry) provides
# tapestry::tapestry. Kernels and subfolders named detail are internal: no public header includes them.
include(CMakePackageConfigHelpers)
set(TAPESTRY_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/tapestry)

install(TARGETS ${TAPESTRY_TARGETS} EXPORT tapestry ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(folder core data autograd nn optim io viz models)
  install(DIRECTORY ${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tapestry
    FILES_MATCHING PATTERN "*.hpp" PATTERN detail EXCLUDE)
endforeach()
install(FILES tapestry.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tapestry)
install(EXPORT tapestry NAMESPACE tapestry:: FILE tapestry-targets.cmake DESTINATION ${TAPESTRY_CMAKE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tapestry-config-version.cmake COMPATIBILITY SameMinorVersion)
configure_file(cmake/tapestry-config.cmake.in ${PROJECT_BINARY_DIR}/tapestry-config.cmake @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/tapestry-config.cmake ${PROJECT_BINARY_DIR}/tapestry-config-version.cmake
  cmake/TapestryDependencies.cmake DESTINATION ${TAPESTRY_CMAKE_DIR})
