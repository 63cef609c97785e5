# One static library per folder of libfabric, so that the build itself enforces who may include whom.

# fabric_module(NAME DEPENDS…): every .cpp of libfabric/fabric/NAME as library fabric_NAME.
function(fabric_module name)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/fabric/${name}/*.cpp")
  if(name STREQUAL "base")
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/fabric/*.cpp")
  endif()
  if(sources)
    add_library(fabric_${name} STATIC ${sources})
    set(kind PUBLIC)
    target_link_libraries(fabric_${name} PRIVATE fabric_undefined)
  else()
    add_library(fabric_${name} INTERFACE)
    set(kind INTERFACE)
  endif()
  target_include_directories(fabric_${name} ${kind} "$<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}>")
  target_link_libraries(fabric_${name} ${kind} fabric_settings tl::expected ${ARGN})
endfunction()

# Groups: the tests that need no programs, those that do, and the programs themselves (fabric_program()).
add_custom_target(fast_tests)
add_custom_target(system_tests)
add_custom_target(programs)

# fabric_program(NAME LIBRARIES…): the .cpp files of the current folder as one program of bin/.
function(fabric_program name)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARGN})
  add_dependencies(programs ${name})
endfunction()

# fabric_test(NAME LABEL FOLDER LIBRARIES…): every *_test.cpp (and fixture) of tests/FOLDER as one Catch2 program.
function(fabric_test name label folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp")
  # System tests run the programs that are deployed, so they are built with the release only; and, where there are only
  # the runner's, with its threads and processes watched.
  if(NOT sources)
    return()
  elseif(label STREQUAL "system" AND NOT CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT FABRIC_SANITIZE STREQUAL "thread")
    return()
  endif()
  if(label STREQUAL "system")
    set(group system_tests)
  else()
    set(group fast_tests)
  endif()
  add_executable(${name} EXCLUDE_FROM_ALL ${sources})
  add_dependencies(${group} ${name})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_compile_definitions(${name} PRIVATE FABRIC_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    FABRIC_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  target_link_libraries(${name} PRIVATE Catch2::Catch2WithMain ${ARGN})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  catch_discover_tests(${name} TEST_PREFIX "${name}: " DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS "${label}" TIMEOUT 300)
endfunction()
