# Makes `find_package(trigrad)` work from an installed tree; tests/cmake_consumer proves it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# A wheel holds the Python extension only (bindings/CMakeLists.txt), and a build with planted faults must never leave.
if(SKBUILD OR TRIGRAD_MUTANTS)
  return()
endif()

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/trigrad)
install(DIRECTORY scalar_cpp/include/ tensor_cpp/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(TARGETS trigrad_scalar trigrad_tensor EXPORT trigradTargets)
install(EXPORT trigradTargets NAMESPACE trigrad:: DESTINATION ${config_dir})
configure_package_config_file(cmake/trigradConfig.cmake.in ${PROJECT_BINARY_DIR}/trigradConfig.cmake INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/trigradConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/trigradConfig.cmake ${PROJECT_BINARY_DIR}/trigradConfigVersion.cmake DESTINATION ${config_dir})
