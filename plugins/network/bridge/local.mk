# plugins/network/bridge: see the top of Makefile.am
