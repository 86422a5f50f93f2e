# check_package.sh - what leaves the house: the names of the libraries, the header, and a user's program against an installed Striate
# (CMake, pkg-config) and against its source folder, whose core alone is built.
. "$SOURCE/tests/tap.sh"
users=$SOURCE/tests/users

for language in "c -std=c11" "c -std=c2x" "c++ -std=c++11" "c++ -std=c++17"; do
    attempt "striate.h compiles alone: $language" "$CC" -x $language -Wall -Wextra -pedantic -Werror -fsyntax-only \
        -I"$SOURCE/include" "$users/header.h"
done

case $CFLAGS in
*--coverage*) echo "ok - names # SKIP gcov adds its own" ;;
*)
    for library in "-D $BUILD/libstriate.so" "-g $BUILD/libstriate.a"; do
        verdict "only striate_* leaves ${library##*/}" "$("$NM" --defined-only $library | awk 'NF == 3 && $3 !~ /^striate_/ { print $3 }')"
    done ;;
esac

prefix=$scratch/prefix
attempt "cmake --install" "$CMAKE" --install "$BUILD" --prefix "$prefix"

# user_project HOW FOLDER CMAKE-ARGUMENT...: configures, builds and runs tests/users/FOLDER.
user_project()
{
    how=$1 folder=$2
    shift 2
    attempt "$how: configure" "$CMAKE" -S "$users/$folder" -B "$scratch/$folder" -DCMAKE_BUILD_TYPE=Debug "$@"
    attempt "$how: build" "$CMAKE" --build "$scratch/$folder" -j 2
    for program in "$scratch/$folder"/user_*; do attempt "$how: ${program##*/} runs" "$program"; done
}
user_project "find_package" installed -DCMAKE_PREFIX_PATH="$prefix"
user_project "add_subdirectory, core only" source -DSTRIATE_SOURCE="$SOURCE" -DSTRIATE_CORE_ONLY=ON

export PKG_CONFIG_PATH="$(dirname "$(find "$prefix" -name striate.pc)")"
flags=$(pkg-config --cflags --libs striate)
libraries=$(pkg-config --variable=libdir striate)
attempt "pkg-config: C" $CC $CFLAGS "$users/user.c" -o "$scratch/user_c" $flags "-Wl,-rpath,$libraries"
attempt "pkg-config: C runs" "$scratch/user_c"
attempt "pkg-config: C++" $CXX $CXXFLAGS "$users/user.cpp" -o "$scratch/user_cpp" $flags "-Wl,-rpath,$libraries"
attempt "pkg-config: C++ runs" "$scratch/user_cpp"
