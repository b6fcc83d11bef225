# plugins/engine/network: see the top of Makefile.am
