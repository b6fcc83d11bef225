# plugins/engine/image: see the top of Makefile.am
