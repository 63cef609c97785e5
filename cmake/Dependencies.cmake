# What comes from packages. scripts/setup installs it all and says where CAF is.

find_package(Threads REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
find_package(tl-expected REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
if(FABRIC_WITH_ACTORS)
  # Without a version: CAF 1.x declares itself compatible with its own major version only.
  find_package(CAF COMPONENTS core io REQUIRED)
  if(CAF_VERSION VERSION_LESS 0.18.7 OR CAF_VERSION VERSION_GREATER_EQUAL 1.2)
    message(FATAL_ERROR "CAF ${CAF_VERSION} (${CAF_DIR}) is not supported: 0.18.7 to 1.1 are. "
      "Point CMAKE_PREFIX_PATH at one of these; scripts/setup builds 0.18.7 where none is installed.")
  endif()
  # As system headers, so that our warnings stay ours.
  add_library(fabric_caf INTERFACE)
  foreach(part core io)
    target_link_libraries(fabric_caf INTERFACE CAF::${part})
    get_target_property(dirs CAF::${part} INTERFACE_INCLUDE_DIRECTORIES)
    target_include_directories(fabric_caf SYSTEM INTERFACE ${dirs})
  endforeach()
endif()
if(BUILD_TESTING OR NOT DEFINED BUILD_TESTING)
  find_package(Catch2 3 REQUIRED)
  include(Catch)
endif()
