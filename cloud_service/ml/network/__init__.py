"""The SE-CNN of Bukhari et al. (2022) and its plain twin; layers one a file.

The folder imports nothing here, so that `network.settings` can be read without torch.
"""
