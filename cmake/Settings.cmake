# How everything is compiled.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

set(FABRIC_SANITIZE "" CACHE STRING "address, thread or nothing")
option(FABRIC_WERROR "Warnings are errors" OFF)
option(FABRIC_WITH_ACTORS "Build what needs CAF" ON)
option(FABRIC_MUTATIONS "Compile in the deliberate faults of scripts/soak --mutations; never for use" OFF)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()

# Every target of the project links this one.
add_library(fabric_settings INTERFACE)
target_compile_features(fabric_settings INTERFACE cxx_std_20) # Of whoever links the client, too.
# What follows is how we build, not how those do who link the installed libraries.
target_compile_options(fabric_settings INTERFACE $<BUILD_INTERFACE:-Wall;-Wextra;-Wpedantic;-Wshadow>
  $<BUILD_INTERFACE:-Wnon-virtual-dtor;-fstack-protector-strong> $<BUILD_INTERFACE:$<$<BOOL:${FABRIC_WERROR}>:-Werror>>)
target_compile_definitions(fabric_settings INTERFACE
  $<BUILD_INTERFACE:$<$<CONFIG:Release>:_FORTIFY_SOURCE=2>> $<BUILD_INTERFACE:FABRIC_BUILD="${PROJECT_VERSION}">
  $<$<BOOL:${FABRIC_MUTATIONS}>:FABRIC_MUTATIONS>)
target_link_options(fabric_settings INTERFACE $<BUILD_INTERFACE:-Wl,-z,relro,-z,now>)
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH TRUE) # Where CAF is.

if(FABRIC_SANITIZE)
  target_compile_options(fabric_settings INTERFACE -fsanitize=${FABRIC_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(fabric_settings INTERFACE -fsanitize=${FABRIC_SANITIZE})
endif()

# UBSan only where no CAF header is seen: one actor file would take a minute and a gigabyte to compile with it.
add_library(fabric_undefined INTERFACE)
if(FABRIC_SANITIZE STREQUAL "address")
  target_compile_options(fabric_undefined INTERFACE -fsanitize=undefined -fno-sanitize-recover=undefined)
  # Linked everywhere, so that libfabric's checks find their runtime.
  target_link_options(fabric_settings INTERFACE -fsanitize=undefined)
endif()
