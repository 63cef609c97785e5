# What `cmake --install` installs: the programs, and the libraries for find_package(job_fabric), which gives
#
#   job_fabric::client  to talk to a cell: actors/client.hpp
#   job_fabric::node    to be a node with handlers of one's own: nodes/fabricd/program.hpp
#
# What is installed is what the target `programs` builds.

if(NOT FABRIC_WITH_ACTORS OR NOT CMAKE_SOURCE_DIR STREQUAL PROJECT_SOURCE_DIR)
  return()
endif()
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(headers "${CMAKE_INSTALL_INCLUDEDIR}/job_fabric")
set(package "${CMAKE_INSTALL_LIBDIR}/cmake/job_fabric")
set(libraries fabric_settings fabric_undefined fabric_caf fabric_client fabric_actors fabric_assembly fabric_log
  fabric_program)
foreach(module base job policy store supervision config node lane scheduler exec tls handlers)
  list(APPEND libraries fabric_${module})
endforeach()
set_target_properties(fabric_client PROPERTIES EXPORT_NAME client)
set_target_properties(fabric_program PROPERTIES EXPORT_NAME node)

install(TARGETS fabricd fabric fabric-runner)
install(TARGETS ${libraries} EXPORT job_fabric INCLUDES DESTINATION "${headers}")
install(DIRECTORY libfabric/fabric DESTINATION "${headers}" FILES_MATCHING PATTERN "*.hpp")
install(FILES actors/client.hpp actors/wire.hpp DESTINATION "${headers}/actors")
install(FILES nodes/fabricd/program.hpp DESTINATION "${headers}/nodes/fabricd")
foreach(unit fabricd fabric-runner)
  configure_file(config/systemd/${unit}.service "${PROJECT_BINARY_DIR}/systemd/${unit}.service" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/systemd/${unit}.service" DESTINATION lib/systemd/system)
endforeach()
install(FILES config/systemd/job-fabric.conf DESTINATION lib/sysusers.d)
install(DIRECTORY config/ DESTINATION "${CMAKE_INSTALL_DATADIR}/job_fabric/config" FILES_MATCHING PATTERN "*.json")
install(EXPORT job_fabric NAMESPACE job_fabric:: DESTINATION "${package}" FILE job_fabricTargets.cmake)

configure_package_config_file(cmake/job_fabricConfig.cmake.in "${PROJECT_BINARY_DIR}/job_fabricConfig.cmake"
  INSTALL_DESTINATION "${package}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/job_fabricConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/job_fabricConfig.cmake" "${PROJECT_BINARY_DIR}/job_fabricConfigVersion.cmake"
  DESTINATION "${package}")
