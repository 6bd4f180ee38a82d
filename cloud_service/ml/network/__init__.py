"""The SE-CNN of Bukhari et al. (2022), its plain twin, and larger backbones; the SE-CNN's layers one a file.

The folder imports nothing here, so that `network.settings` can be read without torch.
"""
